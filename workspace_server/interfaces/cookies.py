"""The one cookie that is asked for, read from what a browser sends."""

from starlette.datastructures import Headers


def cookie_of(headers: Headers, name: str) -> str:
    r"""Return the value of a cookie as it was set, or empty text.

    Of several the first counts, which is the one for the longest path. Our values hold nothing that has to be quoted,
    so none is unquoted: Python's way to do that takes seconds for 64 KB of `\a`, and anybody may send them.
    """
    for header in headers.getlist("cookie"):
        for pair in header.split(";"):
            key, _, value = pair.partition("=")
            if key.strip() == name:
                return value.strip()
    return ""
