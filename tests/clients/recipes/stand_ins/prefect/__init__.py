"""As much of Prefect as the recipe uses, in its calling form; `make soak ARGS=interop` takes the real one."""

from collections.abc import Callable
from typing import Any


def flow(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a flow where it is called."""
    return function


def task(function: Callable[..., Any] | None = None, *, retries: int = 0, retry_delay_seconds: float = 0) -> Any:
    """Run a task where it is called."""
    assert retries >= 0
    assert retry_delay_seconds >= 0
    return function if function is not None else lambda given: given
