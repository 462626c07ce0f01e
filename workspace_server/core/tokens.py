"""The token estimate of every budget: one token is four UTF-8 bytes of the compact result, rounded up."""

import json
from collections.abc import Iterable

BYTES_PER_TOKEN = 4


def compact(value: object) -> str:
    """Return *value* as JSON without padding, as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def of_bytes(count: int) -> int:
    """Return the tokens of so many bytes."""
    return -(-count // BYTES_PER_TOKEN)


def bytes_of(value: object) -> int:
    """Return the bytes of a JSON result."""
    return len(compact(value).encode("utf-8", "surrogatepass"))


def bytes_said(texts: Iterable[str]) -> int:
    """Return the bytes of *texts* together, as a model is given them to read."""
    return sum(len(text) if text.isascii() else len(text.encode(errors="replace")) for text in texts)


def room_bytes(result: object, tokens_max: int) -> int:
    """Return how many bytes may be added to *result* within *tokens_max*; negative when it is too large as it is."""
    return tokens_max * BYTES_PER_TOKEN - bytes_of(result)
