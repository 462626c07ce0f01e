"""Kinds of arguments that several tools take."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from workspace_server.interfaces.mcp.schemas import Arguments

INTEGER_MAX = 2**53
"""Up to here a number means the same in every JSON reader, and fits the database."""


def _bounded(value: Any) -> Any:
    # Bounds that are the same everywhere stay out of the schemas: a model needs them as little as their bytes.
    if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= INTEGER_MAX:
        raise ValueError(f"must be 0 to {INTEGER_MAX}")
    return value


Count = Annotated[int, BeforeValidator(_bounded)]
Seconds = Annotated[float, BeforeValidator(_bounded), Field(allow_inf_nan=False)]
Lifetime = Annotated[float, Field(allow_inf_nan=False)]
"""For how long a lock lives: its rule says the bounds, and refuses."""
Handles = str | list[str]
"""One lock handle or several."""


class NamedPath(Arguments):
    """A path that is not to be read as a pattern."""

    path: str


Selectors = list[str | NamedPath]


class Source(Arguments):
    """A version from which a new one was made."""

    path: str
    version: Count


def named(selectors: Selectors) -> list[str | dict[str, str]]:
    """Return selectors as the services take them."""
    return [one if isinstance(one, str) else {"path": one.path} for one in selectors]
