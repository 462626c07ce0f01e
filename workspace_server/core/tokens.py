"""The token estimate of every budget: one token is four UTF-8 bytes of the compact result, rounded up."""

import json

BYTES_PER_TOKEN = 4


def compact(value: object) -> str:
    """Return *value* as JSON without padding, as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def of_text(text: str) -> int:
    """Return the tokens of *text*."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def of_result(value: object) -> int:
    """Return the tokens of a JSON result."""
    return of_text(compact(value))
