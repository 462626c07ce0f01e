"""Which names of a workspace to be can stand beside each other."""

from workspace_server.core.paths import fold, parents


class Names:
    """The names of files that were taken, and of the directories they stand in.

    Of names that differ only by letter case or normal form, the first one counts; and no file stands below another.
    """

    def __init__(self) -> None:
        self._spelt: dict[str, str] = {}
        self._directories = {""}

    def take(self, path: str) -> bool:
        """Return whether *path*, which was not taken before, fits beside those that were; then it is taken too."""
        key = fold(path)
        if key in self._spelt or not self._enter(path):
            return False
        self._spelt[key] = path
        return True

    def _enter(self, path: str) -> bool:
        """Return whether *path* may have the directories it needs; then they are taken."""
        if path.rpartition("/")[0] in self._directories:
            return True
        needed = parents(path)
        if any(fold(name) in self._spelt and name not in self._directories for name in needed):
            return False
        self._directories.update(needed)
        self._spelt.update((fold(name), name) for name in needed)
        return True
