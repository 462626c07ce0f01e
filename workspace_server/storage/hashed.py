"""Remembers which object files were hashed as they stand now, so that large ones are not hashed at every turn."""

import threading
from collections import OrderedDict
from pathlib import Path

from workspace_server.storage.disk.signatures import Signature

REMEMBERED_MAX = 10_000

_files: OrderedDict[Path, Signature] = OrderedDict()
_lock = threading.Lock()


def note(path: Path, signature: Signature) -> None:
    """Take note that the file at *path* was what its name says while it had that signature."""
    with _lock:
        _files[path] = signature
        _files.move_to_end(path)
        while len(_files) > REMEMBERED_MAX:
            _files.popitem(last=False)


def was(path: Path, signature: Signature) -> bool:
    """Return whether it was, with the signature that it has now."""
    with _lock:
        return _files.get(path) == signature
