"""Every setting of the server in one table: its name, its type, its default, its meaning.

A value comes from the defaults, then from the settings file, then from the environment, then from flags; the last one
counts. A setting has one name everywhere: `webhooks.allow` is `allow` below `[webhooks]` in the file,
`WORKSPACE_SERVER_WEBHOOKS_ALLOW` in the environment and the attribute `webhooks_allow` here.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_type_hints

from workspace_server.setting_sources import (
    ENVIRONMENT_PREFIX,
    Origin,
    Row,
    from_environment,
    from_file,
    from_flags,
)
from workspace_server.setting_values import Tables

T = TypeVar("T")


def _setting(
    default: T,
    meaning: str,
    *,
    section: str | None = None,
    flag: str | None = None,
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
) -> T:
    """Declare one setting: the row of the table. Bounds are inclusive; a secret comes from the environment alone."""
    metadata = {"meaning": meaning, "section": section, "flag": flag, "least": least, "most": most, "secret": secret}
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


LogLevel = Literal["debug", "info", "warning", "error"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force. `Settings()` holds the defaults; `load` reads them all."""

    name: str | None = _setting(None, "Name of the workspace in events and addresses; else the folder's name.")
    host: str = _setting(
        "127.0.0.1",
        "Address to listen on. One that other machines reach takes tokens, and TLS or a proxy; the page on serving says"
        " more.",
        flag="--host",
    )
    port: int = _setting(
        8765,
        "Port to listen on; 0 is any free one. Unless you choose one, a taken port becomes the next free one.",
        flag="--port",
        least=0,
        most=65535,
    )
    public_url: str | None = _setting(
        None, "Address under which people reach the server, for links in answers; else where it listens."
    )
    hosts: tuple[str, ...] = _setting(
        (),
        "Further names and addresses under which the server is called. A request that names another one in its Host"
        " header is refused: those of loopback, `host` and `public_url` are always known.",
    )
    tls_certificate: str | None = _setting(
        None, "File of the certificate (PEM, with its chain) to answer https by.", flag="--tls-cert"
    )
    tls_key: str | None = _setting(None, "File of its private key (PEM).", flag="--tls-key")
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        "Addresses and networks of the proxies in front of the server. What they say in `X-Forwarded-For`,"
        " `X-Forwarded-Proto` and `X-Forwarded-Host` is believed; from everybody else it counts for nothing.",
    )
    allow_plain_text: bool = _setting(
        False,
        "Whether other machines are answered without TLS, so that whoever is on the way can read tokens and files.",
        flag="--allow-plain-text",
    )
    cors_origins: tuple[str, ...] = _setting(
        (),
        "Origins, such as `https://tool.example`, whose pages may call the API and MCP from a browser, with a token;"
        " cookies never count there.",
    )
    connections_max: int = _setting(
        2_048,
        "Most connections at once. One more takes the place of that which rests longest, or is turned away.",
        least=16,
        most=100_000,
    )
    connections_per_address_max: int = _setting(
        1_024, "Most of them from one address; those of trusted proxies are not counted.", least=1, most=100_000
    )
    rates_agent_per_second: int = _setting(
        500,
        "Most calls of one agent in a second; a second's worth may come at once. One more is `rate_limited`. 0: any"
        " number. Nobody is counted while no token is asked for.",
        section="rates",
        least=0,
        most=100_000,
    )
    rates_total_per_second: int = _setting(
        4_000, "Most calls of all agents together in a second; 0: any number.", section="rates", least=0, most=100_000
    )
    tools: Literal["all", "core"] = _setting("all", "Which MCP tools to offer: all, or the fourteen core ones.")
    mcp_provisional_error_codes: bool = _setting(
        False,
        "Whether refusals of the MCP Events methods carry the numbers that its text has set aside (-32023 to -32027)"
        " rather than those that clients know today (-32011 to -32015).",
        section="mcp",
    )
    guarded_files: tuple[str, ...] = _setting(
        (
            "**/CLAUDE.md",
            "**/CLAUDE.local.md",
            "**/AGENTS.md",
            "**/GEMINI.md",
            "**/.mcp.json",
            "**/.cursorrules",
            "**/.windsurfrules",
            "**/.github/copilot-instructions.md",
            "**/.vscode/**",
            "**/.cursor/**",
            "**/.claude/**",
            "**/.codex/**",
            "**/.gemini/**",
        ),
        "Files that coding agents and editors obey unasked; to write one needs the verb admin. Letter case and"
        " width are ignored. Each change of one has a row of its own in the audit log.",
    )
    ignore: tuple[str, ...] = _setting(
        (
            ".git/",
            "node_modules/",
            ".venv/",
            "__pycache__/",
            "*.pyc",
            ".DS_Store",
            "*.swp",
            "*.swo",
            "*~",
            ".#*",
            r"\#*#",
        ),
        "What is never taken in, in the syntax of .gitignore; .gitignore and .workspaceignore add to it.",
    )
    deletion_share_max: float = _setting(
        0.5,
        "When more than this share of the files vanishes from the disk at once, deletions are not recorded until enough"
        " of them are back.",
        least=0.0,
        most=1.0,
    )
    external_edits: Literal["accept", "conflict_copy"] = _setting(
        "accept",
        "What becomes of an edit on disk of a file that an agent has locked: accept makes it the next version and ends"
        " the lock; conflict_copy keeps the file and the lock, and puts the edit beside it.",
    )
    wait_max_seconds: int = _setting(
        50, "Longest time that one call may wait; longer than a client's own time-out helps nobody.", least=1, most=3600
    )
    min_seq_wait_seconds: int = _setting(
        10, "Longest time that a query waits for the index to reach its min_seq.", least=0, most=50
    )
    search_engine: Literal["whoosh", "tantivy"] = _setting(
        "whoosh",
        "What keeps the passages that search finds: whoosh, or tantivy, which is faster in large workspaces and needs"
        " `pip install 'workspace-server[tantivy]'`. After a change the index is made anew in the background.",
    )
    idle_seconds: int = _setting(
        30, "How long a background server stays after its last connection, when nothing is due.", least=1, most=86400
    )
    retention_versions: int = _setting(
        0,
        "How many versions of a file keep their bytes, the newest first; 0: all of them.",
        section="retention",
        least=0,
        most=1_000_000,
    )
    retention_days: int = _setting(
        0,
        "For how many days after it was replaced or deleted a version keeps its bytes; 0: for ever. With both bounds"
        " set, either one is enough to keep them.",
        section="retention",
        least=0,
        most=36_500,
    )
    retention_events_days: int = _setting(
        0,
        "For how many days the log keeps its events; of older ones only those that still hold stay: the last one of"
        " each file and of each live lock. 0: all of them, for ever.",
        section="retention",
        least=0,
        most=36_500,
    )
    retention_every_hours: int = _setting(
        24,
        "How often what is beyond retention is cleared while the server runs, in hours; 0: only by `gc`.",
        section="retention",
        least=0,
        most=8_760,
    )
    quota_files: int = _setting(
        0, "Most files that may stand in the workspace; 0: no bound. What is deleted does not count.", least=0
    )
    quota_bytes: int = _setting(
        0,
        "Most bytes that the files in the workspace may have together, in their present versions; 0: no bound.",
        least=0,
    )
    agent_quota_files: int = _setting(
        0,
        "Most files of which one agent was the last to write the present version; 0: no bound. Agents of a crew"
        " (`crew/NAME`) count together.",
        least=0,
    )
    agent_quota_bytes: int = _setting(0, "Most bytes that these files may have together; 0: no bound.", least=0)
    log_level: LogLevel = _setting(  # noqa: RUF009 - a row of the table like the others
        "info",
        "What the server's log says at least: info has requests that were refused, debug all of them.",
        flag="--log-level",
    )
    log_format: Literal["text", "json"] = _setting(
        "text", "How it says it: in lines for people, or as one JSON object a line.", flag="--log-format"
    )
    otlp_url: str | None = _setting(None, "Address of a collector of OpenTelemetry traces; takes the extra `otel`.")
    deliveries: bool = _setting(
        True, "Whether webhooks are sent. Those of a fork are not, until you say so: they wait, and jobs are as ever."
    )
    webhooks_allow: tuple[str, ...] = _setting(
        (),
        "Where webhooks may go without approval: hosts (`hooks.example.com`, `*.example.com`), or CIDR with port"
        " (`10.1.0.0/16:8080`), which is also how a private address is allowed.",
        section="webhooks",
    )
    webhooks_allow_loopback: bool = _setting(
        False,
        "Whether webhooks may go to this machine, for receivers that run beside the server.",
        section="webhooks",
        flag="--allow-loopback-webhooks",
    )
    webhooks_per_second: int = _setting(
        50, "Most attempts at one receiver of webhooks in a second.", section="webhooks", least=1, most=100_000
    )
    webhooks_ca_file: str | None = _setting(
        None,
        "A file of certificates (PEM) of authorities that receivers may be vouched for by, beside those that the system"
        " trusts.",
        section="webhooks",
    )
    attention_url: str | None = _setting(
        None, "Where webhooks tell of what comes to need a person, and of what ceases to.", section="attention"
    )
    attention_secret: str | None = _setting(
        None, "Signs these webhooks: `whsec_` and base64 of 24 to 64 bytes.", section="attention", secret=True
    )
    checks: Tables | None = _setting(  # noqa: RUF009 - a row of the table like the others
        None,
        "What a version must hold to count for a trigger that names the check: `[checks.NAME]` with any of `headings`"
        " (Markdown headings), `schema` (a JSON Schema), `sources_min` and `no_todo`.",
    )
    commands: Tables | None = _setting(  # noqa: RUF009 - a row of the table like the others
        None,
        "Programs that triggers may start: `[commands.NAME]` with `argv` and any of `agent`, `cwd`, `env`,"
        " `timeout_seconds` and `concurrency`. The page on commands says what each means.",
    )
    triggers_file: str | None = _setting(
        None,
        "The file with the operator's own triggers, below the folder or anywhere; else `.workspace/triggers.toml`, if"
        " that is there. It is read at the start, and by `workspace-server triggers --reload`.",
    )
    models_url: str | None = _setting(
        None,
        "Address of a server of language models that speaks the form of OpenAI's, such as Ollama or LM Studio:"
        " `http://127.0.0.1:11434/v1`. Texts of files are sent there once one of the models is named.",
        section="models",
    )
    models_extract_model: str | None = _setting(
        None, "The model that is asked for facts in running text, each with its verbatim quote.", section="models"
    )
    models_embed_model: str | None = _setting(
        None, "The model that makes vectors of passages and questions, for search by meaning.", section="models"
    )
    models_api_key: str | None = _setting(
        None, "The key for that server, if it wants one. It is never shown.", section="models", secret=True
    )
    models_extract_timeout_seconds: int = _setting(
        120, "How long the model for facts may take for one answer.", section="models", least=1, most=3600
    )
    models_embed_timeout_seconds: int = _setting(
        30, "How long the model for vectors may take for one batch of passages.", section="models", least=1, most=3600
    )
    models_query_timeout_seconds: float = _setting(
        1.5, "How long a search waits for its question's vector.", section="models", least=0.05, most=30
    )
    models_embed_batch: int = _setting(
        32, "How many passages go to the model for vectors at once.", section="models", least=1, most=256
    )
    models_tokens_per_file: int = _setting(
        20_000, "How many tokens of a file go to the models at most.", section="models", least=100, most=2_000_000
    )
    oauth_issuer: str | None = _setting(
        None,
        "The authorization server (OAuth 2.1) whose access tokens prove who calls, beside the tokens made here; exactly"
        " as it names itself, such as `https://login.example.com/realms/work`.",
        section="oauth",
    )
    oauth_audience: str | None = _setting(
        None,
        "What an access token must name as its audience; else the address of MCP, as people reach it.",
        section="oauth",
    )
    oauth_agent_claim: str = _setting(
        "sub", "The claim of an access token that names the agent: `sub`, or `client_id` for programs.", section="oauth"
    )
    oauth_scopes: tuple[str, ...] = _setting(
        (),
        "The scopes that clients are told to ask the issuer for; else one for everything but `admin`, as the page on"
        " access spells it.",
        section="oauth",
    )
    oauth_grants: Tables | None = _setting(  # noqa: RUF009 - a row of the table like the others
        None,
        "What access tokens may do: `[oauth.grants.NAME]` with `allow`, a list of grants, for those that meet every"
        " given one of `scope`, `subject`, `client` and `group`.",
        section="oauth",
    )
    oauth_plain_jwt: bool = _setting(
        False,
        "Whether access tokens are taken whose type is `JWT`, or not given, rather than `at+jwt`, for issuers that give"
        " them no type of their own.",
        section="oauth",
    )
    origins: Mapping[str, Origin] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """Where each setting that is not a default came from."""

    def origin(self, attribute: str) -> Origin:
        """Return where the value of a setting came from."""
        return self.origins.get(attribute, "default")


def table() -> list[Row]:
    """Return every setting, in the order of this page."""
    kinds = get_type_hints(Settings)
    return [_row(field, kinds[field.name]) for field in dataclasses.fields(Settings) if field.metadata]


def load(
    root: Path | None,
    *,
    file: Path | None = None,
    env: Mapping[str, str] = os.environ,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Return the settings in force for the folder *root*.

    Args:
        root: The folder, whose own settings file is read when *file* is not given and it has one.
        file: The settings file to read instead; it must exist.
        flags: Values by attribute; None is a flag that was not given.

    Raises:
        InvalidArgument: A key is unknown, or a value is not what the setting takes; `argument` names it.
    """
    rows = table()
    values: dict[str, object] = {}
    origins: dict[str, Origin] = {}
    for origin, found in (
        ("file", from_file(root, file, rows)),
        ("environment", from_environment(env, rows)),
        ("flag", from_flags(flags or {}, rows)),
    ):
        for row, raw in found:
            values[row.attribute] = row.value(raw, cast("Origin", origin))
            origins[row.attribute] = cast("Origin", origin)
    return Settings(**values, origins=origins)  # type: ignore[arg-type]  # Row.value has checked each type


def _row(field: dataclasses.Field[Any], kind: Any) -> Row:
    section = field.metadata["section"]
    key = field.name if section is None else f"{section}.{field.name.removeprefix(section + '_')}"
    return Row(
        attribute=field.name,
        key=key,
        variable=ENVIRONMENT_PREFIX + field.name.upper(),
        flag=field.metadata["flag"],
        default=field.default,
        meaning=field.metadata["meaning"],
        kind=kind,
        least=field.metadata["least"],
        most=field.metadata["most"],
        secret=field.metadata["secret"],
    )
