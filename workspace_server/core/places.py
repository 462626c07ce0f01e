"""Who of many that came may stay: so many in all, so many from one address, and those that rest make room first."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

Guest = TypeVar("Guest", bound=Hashable)


class Places(Generic[Guest]):
    """The places for connections, or for whatever else comes from addresses.

    One that rests, as it has nothing under way, gives its place up for one that comes: the one that rests longest
    first. So connections that are only held open keep nobody out, and one that is at work is never cut off.

    Args:
        most: How many may be there at once.
        most_of_one: How many of them from one address.
    """

    def __init__(self, *, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._address: dict[Guest, str] = {}
        self._count: Counter[str] = Counter()
        self._resting: dict[str | None, dict[Guest, None]] = {None: {}}
        """In the order in which they came to rest: by address, and below None all of them."""

    def __len__(self) -> int:
        """Return how many are there."""
        return len(self._address)

    def enter(self, guest: Guest, address: str, *, counts: bool = True) -> tuple[bool, Guest | None]:
        """Return whether *guest* has a place now, and who had to give one up for it.

        Args:
            counts: Whether its address is bounded by itself; not so when it stands for many, as a proxy's does.
        """
        gone: Guest | None = None
        crowded = counts and self._count[address] >= self._most_of_one
        if crowded or len(self._address) >= self._most:
            gone = next(iter(self._resting.get(address if crowded else None, {})), None)
            if gone is None:
                return False, None
            self.leave(gone)
        self._address[guest] = address
        self._count[address] += 1
        self.rest(guest)
        return True, gone

    def rest(self, guest: Guest) -> None:
        """Note that *guest* has nothing under way from now on."""
        address = self._address.get(guest)
        if address is not None and guest not in self._resting[None]:
            self._resting[None][guest] = None
            self._resting.setdefault(address, {})[guest] = None

    def work(self, guest: Guest) -> None:
        """Note that *guest* has something under way."""
        if guest in self._resting[None]:
            del self._resting[None][guest]
            self._drop_resting(self._address[guest], guest)

    def leave(self, guest: Guest) -> None:
        """Give the place of *guest* back; one that has none is nobody's mistake."""
        self.work(guest)
        address = self._address.pop(guest, None)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def _drop_resting(self, address: str, guest: Guest) -> None:
        of_one = self._resting[address]
        del of_one[guest]
        if not of_one:
            del self._resting[address]
