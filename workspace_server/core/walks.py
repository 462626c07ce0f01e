"""Two sequences of different wildcards, walked side by side: the one search that comparing patterns comes down to."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
End = tuple[()]
END: Final[End] = ()
"""What stands beyond the last element of a sequence; no element is equal to it."""
Step = tuple[int, int]
"""How far to go on, in each of the two."""


def reach_their_ends(
    ours: Sequence[T], theirs: Sequence[T], steps: Callable[[T | End, T | End], Iterable[Step]]
) -> bool:
    """Return whether some way leads to the end of both; that takes as many steps as the product of their lengths.

    Args:
        steps: Given what stands next in each, or `END`, tells every way to go on from there.
    """
    ends = len(ours), len(theirs)
    reached = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        here, there = todo.pop()
        if (here, there) == ends:
            return True
        our = ours[here] if here < ends[0] else END
        their = theirs[there] if there < ends[1] else END
        for in_ours, in_theirs in steps(our, their):
            place = here + in_ours, there + in_theirs
            if place not in reached:
                reached.add(place)
                todo.append(place)
    return False
