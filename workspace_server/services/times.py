"""How times and sizes look in answers."""

from workspace_server.core.moments import iso as iso  # noqa: PLC0414  # one of the ways here


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
