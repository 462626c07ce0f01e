"""As much of Airflow's task SDK as the recipe uses, in its calling form; the soak takes the real one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PokeReturnValue:
    """What a look has found."""

    is_done: bool
    xcom_value: Any = None


class BaseSensorOperator:
    """Takes what every sensor takes, by the names of the real one, and nothing else."""

    def __init__(self, *, task_id: str, mode: str = "poke", poke_interval: float = 60.0) -> None:
        assert mode in {"poke", "reschedule"}
        self.task_id = task_id
        self.mode = mode
        self.poke_interval = poke_interval
        self.output = task_id


def task(function: Callable[..., Any]) -> Callable[..., Any]:
    """Note that a function is a task: calling it in a DAG only says what depends on what."""
    return lambda *given: (function.__name__, given)


def dag(**options: Any) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Note that a function describes a DAG."""
    assert set(options) <= {"schedule", "max_active_runs", "catchup"}
    return lambda describe: describe
