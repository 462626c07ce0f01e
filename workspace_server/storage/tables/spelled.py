"""Selectors as one text, as they are stored, and back."""

import json
from collections.abc import Iterable
from functools import lru_cache

from workspace_server.core.patterns import Selector


def spelled(selectors: Iterable[Selector]) -> str:
    """Return what stands for these selectors, in whatever order they come."""
    return json.dumps(sorted([selector.kind, selector.text] for selector in selectors))


@lru_cache(maxsize=2_048)  # whoever asks for a lock looks at all locks and at the whole line
def selectors(text: str) -> tuple[Selector, ...]:
    """Return the selectors that *text* stands for."""
    return tuple(Selector.stored(kind, chosen) for kind, chosen in json.loads(text))
