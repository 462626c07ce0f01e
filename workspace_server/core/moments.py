"""A moment as people name it: a seq, a span of time before now, or a time of day and date; and as answers write it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from workspace_server.errors import InvalidArgument

_SPAN = re.compile(r"(\d{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SEQ = re.compile(r"\d{1,15}")


def iso(seconds: float) -> str:
    """Return a time in seconds since 1970 as `2026-11-21T08:30:00.123Z`: UTC, ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment: one of the two is set.

    Attributes:
        seq: A place in the log.
        at_s: A time in seconds since 1970.
    """

    seq: int | None = None
    at_s: float | None = None


def parse_moment(raw: str | int, *, argument: str, now_s: float) -> Moment:
    """Return the moment that *raw* names: `412`, `90s`, `30m`, `1h`, `2d`, or `2026-11-21T09:30:00Z`.

    A time without a zone is UTC.

    Args:
        now_s: Seconds since 1970, from which a span is counted back.

    Raises:
        InvalidArgument: It is none of these; `argument` says which argument.
    """
    text = str(raw).strip()
    if _SEQ.fullmatch(text):
        return Moment(seq=int(text))
    span = _SPAN.fullmatch(text)
    if span is not None:
        return Moment(at_s=now_s - int(span[1]) * _SECONDS[span[2]])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(
            f"{argument}: {text!r} is no moment.",
            hint=f"{argument} takes a seq (412), a span (90s, 30m, 1h, 2d) or a time (2026-11-21T09:30:00Z).",
            argument=argument,
            reason="neither a seq, nor a span, nor a time",
        ) from None
    return Moment(at_s=(found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp())
