"""Kinds of values that arguments of several operations have."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

INTEGER_MAX = 2**53
"""Up to here a number means the same in every JSON reader, and fits the database."""


def _split(value: Any) -> Any:
    parts = [value] if isinstance(value, str) else value
    return [name for part in parts for name in part.split(",") if name] if isinstance(parts, list) else value


Count = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
Seconds = Annotated[float, Field(ge=0, le=INTEGER_MAX)]
Lifetime = Annotated[float, Field(allow_inf_nan=False)]
"""For how long a lock lives: its rule says the bounds, and refuses."""
Commas = Annotated[list[str], BeforeValidator(_split), Field(description="With commas between, or repeated.")]
Handles = str | list[str]
"""One lock handle or several."""
