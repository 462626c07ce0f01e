"""Which versions keep their bytes. The row of a version stays for ever: its number, author, message and hash."""

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much of the past is kept.

    Attributes:
        versions: How many of the newest versions of a path; 0 for all.
        days: For how many days after it was replaced or deleted; 0 for ever.
    """

    versions: int = 0
    days: int = 0

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is ever beyond it."""
        return not self.versions and not self.days

    def keeps(self, *, newer: int, replaced_s: float | None) -> bool:
        """Return whether a version keeps its bytes: one bound that it is within is enough.

        Args:
            newer: How many newer versions its path has.
            replaced_s: For how many seconds it has not been what stands at its path; None: it stands there now.
        """
        if replaced_s is None or self.keeps_all:
            return True
        if self.versions and newer < self.versions:
            return True
        return bool(self.days) and replaced_s < self.days * DAY_S
