"""How times look in answers: UTC, ISO 8601, to the millisecond."""

from datetime import UTC, datetime


def iso(seconds: float) -> str:
    """Return a time in seconds since 1970 as `2026-11-21T08:30:00.123Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(seconds: float) -> str:
    """Return how long ago something was, in its largest unit: `12s ago`, `3d ago`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit} ago"
    return f"{max(0, int(seconds))}s ago"


def size(count: int) -> str:
    """Return a number of bytes in its largest unit: `812B`, `4.0K`, `1.5M`."""
    if count < 1024:
        return f"{count}B"
    value = count / 1024
    for unit in "KMG":
        if value < 1024 or unit == "G":
            return f"{value:.1f}{unit}" if value < 100 else f"{value:.0f}{unit}"
        value /= 1024
    raise AssertionError("unreachable: the last unit takes all")
