"""What a part of the soak is, and what it tells at its end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

WRONG_SHOWN = 5
"""How many of the things that went wrong are printed; all are counted."""


@dataclass(slots=True)
class Report:
    """What a part did.

    Attributes:
        why: Why it is not possible here; None when it ran.
        counts: What it counted, in order.
        wrong: What should not have been, in words; anything here fails the soak.
    """

    why: str | None = None
    counts: dict[str, int | str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, by: int = 1) -> None:
        """Count something."""
        self.counts[name] = int(self.counts.get(name, 0)) + by

    def __str__(self) -> str:
        if self.why is not None:
            return f"not possible here: {self.why}"
        return ", ".join(f"{name} {value}" for name, value in [*self.counts.items(), ("wrong", len(self.wrong))])


class Budget:
    """How long a part may go on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    def left(self) -> bool:
        """Return whether there is time left."""
        return time.monotonic() < self._until


Run = Callable[[Path, Budget], Report]
"""Runs a part in an empty directory, for as long as the budget lasts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        share: How much of the time it gets, beside the others.
    """

    name: str
    shows: str
    run: Run
    share: float = 1.0
