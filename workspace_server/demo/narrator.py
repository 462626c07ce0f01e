"""What the audience sees: a heading per scene, a line per thing that matters."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

_BOLD, _DIM, _END = "\033[1m", "\033[2m", "\033[0m"
_TOLD = {
    "file.created": "saves",
    "file.updated": "saves",
    "lock.acquired": "locks",
    "trigger.fired": "fires",
}
_APPENDED_BY_ALL = "log.md"


class Narrator:
    """Prints the story as it happens."""

    def __init__(self, *, colour: bool | None = None) -> None:
        self._colour = sys.stdout.isatty() if colour is None else colour
        self._began = time.monotonic()

    def scene(self, title: str, about: str) -> None:
        """Begin a scene."""
        print(f"\n{self._styled(title, _BOLD)}: {about}", flush=True)

    def say(self, text: str) -> None:
        """Tell one thing."""
        stamp = self._styled(f"{time.monotonic() - self._began:6.2f} s", _DIM)
        print(f"  {stamp}  {text}", flush=True)

    def event(self, event: Mapping[str, Any]) -> None:
        """Tell an event of the workspace, if it matters to the story."""
        verb = _TOLD.get(event["type"])
        if verb is None or event.get("path") == _APPENDED_BY_ALL:
            return
        if event["type"] == "trigger.fired":
            self.say(f"trigger {event['trigger']} fires with {len(event['inputs'])} input(s)")
        elif event["type"] == "lock.acquired":
            self.say(f"{event['agent']} locks {', '.join(event['paths'])}")
        else:
            self.say(f"{event['agent']} saves {event['path']}, version {event['version']}")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows in columns, numbers to the right."""
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        for row in (head, *rows):
            first, *rest = (
                cell.ljust(width) if not index else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            print("  " + "  ".join([first, *rest]))

    def check(self, name: str, passed: bool, said: str) -> None:
        """Tell how a check went."""
        mark = "ok  " if passed else self._styled("FAIL", _BOLD)
        print(f"  {mark}  {name}: {said}")

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_END}" if self._colour else text
