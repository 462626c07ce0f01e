"""Whom a trigger starts: one of four kinds of target."""

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.fields import Fields, check_name, choice, encoded, number, refused, words

Part = Literal["facts", "diff", "content"]
"""What the body of a webhook can carry beside the facts of its inputs."""
Profile = Literal["standard", "plain"]

VISIBILITY_S: Final = 1_800
VISIBILITY_S_MIN: Final = 5


@dataclass(frozen=True, slots=True)
class Queue:
    """Agents claim a job from the queue of that name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A signed request goes to an address.

    Attributes:
        include: What its body carries of each input, beyond naming it.
        profile: The form of its body.
        agent: Whom the receiver acts as: then a firing lasts until that agent finishes it.
        visibility_seconds: How long such a firing lasts without that.
    """

    url: str
    include: tuple[Part, ...] = ()
    profile: Profile = "standard"
    agent: str | None = None
    visibility_seconds: int = VISIBILITY_S


@dataclass(frozen=True, slots=True)
class Command:
    """A program runs that the operator's config names."""

    name: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A person is asked; what follows waits for the decision.

    Attributes:
        question: What the person reads.
    """

    question: str


Target = Queue | Webhook | Command | Approval
KINDS: Final = ("queue", "url", "command", "approval")
"""The fields that name a target: a trigger has exactly one of them."""
_WEBHOOK_ONLY: Final = ("include", "profile", "agent", "visibility_seconds")


def parse_target(fields: Fields) -> Target:
    """Return the target that the fields name.

    Raises:
        InvalidArgument: There is none or more than one, or it is malformed.
    """
    named = [kind for kind in KINDS if kind in fields]
    if len(named) != 1:
        raise refused(
            (named or KINDS)[0], "exactly one of queue, url, command and approval is needed", 'For example queue="ed".'
        )
    kind = named[0]
    if kind == "url":
        return _webhook(fields)
    for name in _WEBHOOK_ONLY:
        if name in fields:
            raise refused(name, "goes with url alone", "Leave it out.")
    if kind == "approval":
        return Approval(_question(fields["approval"]))
    name = check_name(kind, fields[kind])
    return Queue(name) if kind == "queue" else Command(name)


def as_mapping(target: Target) -> dict[str, Any]:
    """Return the fields that name a target."""
    match target:
        case Queue(name):
            return {"queue": name}
        case Command(name):
            return {"command": name}
        case Approval(question):
            return {"approval": question}
    acting = {"agent": target.agent, "visibility_seconds": target.visibility_seconds} if target.agent else {}
    include = {"include": list(target.include)} if target.include else {}
    return {"url": target.url, **include, "profile": target.profile, **acting}


def _webhook(fields: Fields) -> Webhook:
    agent = fields.get("agent")
    if agent is not None and (not isinstance(agent, str) or not 1 <= len(agent) <= LIMITS.agent_chars_max):
        raise refused("agent", f"must be an agent's name of at most {LIMITS.agent_chars_max} characters")
    if agent is None and "visibility_seconds" in fields:
        raise refused("visibility_seconds", "goes with agent: without one a firing ends with its delivery")
    include = words(fields, "include", most=len(get_args(Part)))
    if not set(include) <= set(get_args(Part)):
        raise refused("include", f"must be some of {', '.join(get_args(Part))}")
    return Webhook(
        url=web_address(fields["url"]),
        include=include,  # type: ignore[arg-type]  # looked at above
        profile=choice(fields, "profile", get_args(Profile), "standard"),
        agent=agent,
        visibility_seconds=number(
            fields, "visibility_seconds", VISIBILITY_S, VISIBILITY_S_MIN, LIMITS.visibility_s_max
        ),
    )


def web_address(url: object) -> str:
    """Return the address of a webhook.

    Raises:
        InvalidArgument: It is none that anything can be sent to.
    """
    if not isinstance(url, str) or len(url) > LIMITS.url_chars_max:
        raise refused("url", f"must be a string of at most {LIMITS.url_chars_max} characters")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.isascii() or not url.isprintable() or " " in url:
        raise refused("url", "must be an http or https address", 'For example "https://example.com/hooks/editor".')
    if parts.username is not None or parts.password is not None:
        raise refused("url", "must not carry a user name or password", "The signature is the proof of origin.")
    return url


def _question(given: object) -> str:
    if not isinstance(given, str) or not 1 <= len(given.strip()) <= LIMITS.question_chars_max:
        reason = f"must be the question to a person, in 1 to {LIMITS.question_chars_max} characters"
        raise refused("approval", reason, 'For example approval="Publish this draft?".')
    encoded("approval", given)
    return given.strip()
