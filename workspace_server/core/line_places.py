"""Where lines begin in a text that is too long to be at hand: how many line ends stand before each stride of it."""

from bisect import bisect_left
from dataclasses import dataclass, field

from workspace_server.core.limits import KIB

STRIDE_BYTES = 256 * KIB


@dataclass(slots=True)
class LinePlaces:
    """All that is known of a text, once it was passed over stride by stride.

    Attributes:
        before: For each stride, how many line ends stand before it.
        ends: How many line ends there are.
        goes_on: Whether something stands behind the last one.
    """

    before: list[int] = field(default_factory=list)
    ends: int = 0
    goes_on: bool = False

    @property
    def lines(self) -> int:
        """How many lines the text has."""
        return self.ends + self.goes_on

    def pass_over(self, stride: bytes) -> None:
        """Count the next stride; each has `STRIDE_BYTES`, and only the last one fewer."""
        self.before.append(self.ends)
        self.ends += stride.count(b"\n")
        self.goes_on = not stride.endswith(b"\n")

    def stride_of(self, line: int) -> tuple[int, int]:
        """Return (stride, line ends): the line begins behind so many line ends of that stride, counted from 0."""
        ends = line - 1
        if ends == 0:
            return 0, 0
        stride = bisect_left(self.before, ends) - 1
        return stride, ends - self.before[stride]


def begin_of_line(stride: bytes, ends: int) -> int:
    """Return the place in *stride* behind its first *ends* line ends, which it has."""
    at = 0
    for _ in range(ends):
        at = stride.index(b"\n", at) + 1
    return at
