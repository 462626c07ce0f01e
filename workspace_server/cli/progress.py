"""How far some long work is, on standard error: in place on a terminal, else a line now and then."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY_S = 3.0
"""Between two lines where there is no terminal: work that is soon done says nothing."""
EVERY_ON_TERMINAL_S = 0.1


class Shown:
    """To be called with what is being done, how much is done, and how much there is."""

    def __init__(self, out: TextIO | None = None, now_s: Callable[[], float] = time.monotonic) -> None:
        self._out = out if out is not None else sys.stderr
        self._now_s = now_s
        self._on_terminal = self._out.isatty()
        self._shown_s = now_s() if not self._on_terminal else 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show it, unless something was shown a moment ago."""
        now_s = self._now_s()
        complete = self._on_terminal and done == total
        if not complete and now_s - self._shown_s < (EVERY_ON_TERMINAL_S if self._on_terminal else EVERY_S):
            return
        self._shown_s = now_s
        line = f"{what}: {done} of {total}" if total else f"{what}: {done}"
        if self._on_terminal:
            print(f"\r\x1b[K{line}", end="\n" if complete else "", file=self._out, flush=True)
        else:
            print(line, file=self._out, flush=True)
