"""What a child finds around it: an environment with nothing of the parent's, and the few places that it may read."""

import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from indexer.extractors.images import tesseract_data

_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/usr/share/fonts",
              "/dev/null", "/dev/urandom")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a child imports from, what it may read, and the directory that holds what parsers unpack of themselves."""

    imports: list[str]
    readable: list[str]
    environment: Mapping[str, str]
    scratch: str


def surroundings(scratch: str, *, registry: str) -> Surroundings:
    """Return the surroundings of children with the extractors of *registry* (``module:name``)."""
    paths = sysconfig.get_paths()
    packages = [_place_of("indexer"), _place_of(registry.partition(":")[0].partition(".")[0])]
    installed = [paths["purelib"], paths["platlib"]]
    recognition = tesseract_data()
    readable = [
        *packages,
        *installed,
        paths["stdlib"],
        paths["platstdlib"],
        f"{sys.base_prefix}/lib",
        *_LIBRARIES,
        scratch,
    ]
    return Surroundings(
        imports=list(dict.fromkeys([*map(os.path.dirname, packages), *installed])),
        readable=[*readable, *([str(recognition)] if recognition else [])],
        environment={
            "HOME": scratch,
            "TMPDIR": scratch,
            "LANG": "C.UTF-8",
            "MALLOC_ARENA_MAX": "2",  # each arena takes 64 MiB of address space, which is counted
            "RAYON_NUM_THREADS": "1",
            "TOKIO_WORKER_THREADS": "1",
            **({"TESSDATA_PREFIX": str(recognition)} if recognition else {}),
        },
        scratch=scratch,
    )


def _place_of(package: str) -> str:
    found = find_spec(package)
    assert found is not None, "a child reads by extractors that its parent knows"
    assert found.submodule_search_locations, "and that lie in a package"
    return os.path.realpath(next(iter(found.submodule_search_locations)))
