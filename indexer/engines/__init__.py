"""The search engines, by name: each a module of this room that is imported when it is first asked for."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

from indexer.ports import SearchIndex

ENGINES: Final[Mapping[str, str]] = {
    "whoosh": "indexer.engines.whoosh_engine",
    "tantivy": "indexer.engines.tantivy_engine",
}
"""Where each engine lives: a module with `open_index(directory, *, form) -> SearchIndex`.

An engine has the name of the package that it needs.
"""


def is_installed(name: str) -> bool:
    """Return whether the package is there that the engine *name* needs; nothing is imported."""
    return find_spec(name) is not None


def open_engine(name: str, directory: Path, *, form: str = "") -> SearchIndex:
    """Return the engine *name* over *directory*, which it owns and may empty; nothing is read or written yet.

    Args:
        form: What the passages are made with; an index of another form is built anew.

    Raises:
        KeyError: There is no engine of that name.
        ModuleNotFoundError: The package that the engine needs is not installed.
    """
    return cast("SearchIndex", import_module(ENGINES[name]).open_index(directory, form=form))
