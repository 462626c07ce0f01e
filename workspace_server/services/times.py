"""How times look in answers: UTC, ISO 8601, to the millisecond."""

from datetime import UTC, datetime


def iso(seconds: float) -> str:
    """Return a time in seconds since 1970 as `2026-11-21T08:30:00.123Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
