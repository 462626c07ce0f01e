"""What a child gives up for good before it looks at a foreign byte: memory, time, files, network, other processes.

Each layer is taken where the system has it. Landlock (files, TCP, signals) and seccomp (sockets, programs, tracing) are
of the Linux kernel and cannot be lifted again, not even by who owns the process; limits are of every Unix.
"""

import contextlib
import ctypes
import os
import platform
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from indexer.limits import EXTRACTION_NICENESS
from indexer.processes import seccomp
from indexer.processes.standing_back import stand_back

Layer = Literal["limits", "landlock", "seccomp"]

_NO_NEW_PRIVILEGES: Final = 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_DIRECTORY = 1 << 0, 1 << 2, 1 << 3
_READ: Final = _EXECUTE | _READ_FILE | _READ_DIRECTORY
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files each version of Landlock knows; later ones know as many as the last."""
_TCP: Final = 3
_SCOPES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a child may use at most.

    Attributes:
        cpu_s: Seconds of processor time in all; None for a child that serves many files.
        file_bytes: What it may write into one file.
    """

    memory_bytes: int
    cpu_s: int | None
    file_bytes: int
    open_files: int


def confine(bounds: Bounds, *, readable: Sequence[str], writable: Sequence[str] = ()) -> tuple[Layer, ...]:
    """Give up all but what is listed, for this process and for what it starts; return the layers in force.

    Args:
        readable: Files and directories that may still be read, and loaded as programs; those that are not there do not
            matter. Without Landlock, nothing keeps the process from reading others.
        writable: Directories in which files may still be made.
    """
    layers: list[Layer] = ["limits"]
    stand_back(EXTRACTION_NICENESS)
    for what, most in (
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_FSIZE, bounds.file_bytes),
        (resource.RLIMIT_NOFILE, bounds.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    if bounds.cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_s, bounds.cpu_s + 1))  # the first one tells why it ends
    if landlock_version():
        _restrict_files(readable, writable)
        layers.append("landlock")
    if seccomp.is_known(platform.machine()) and sys.platform == "linux":
        seccomp.restrict_calls(platform.machine())
        layers.append("seccomp")
    return tuple(layers)


def layers_here() -> tuple[Layer, ...]:
    """Return the layers that a child of this process would have."""
    has_seccomp = sys.platform == "linux" and seccomp.is_known(platform.machine())
    return ("limits", *(("landlock",) if landlock_version() else ()), *(("seccomp",) if has_seccomp else ()))


def landlock_version() -> int:
    """Return the version of Landlock that the kernel offers; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _restrict_files(readable: Sequence[str], writable: Sequence[str]) -> None:
    libc, version = _libc(), landlock_version()
    every = (1 << _RIGHTS.get(version, max(_RIGHTS.values()))) - 1
    ruleset = _Ruleset(every, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _done(libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0))
    for places, rights in ((readable, _READ), (writable, every)):
        for place in places:
            with contextlib.suppress(FileNotFoundError):
                opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
                allowed = rights if Path(place).is_dir() else rights & (_EXECUTE | _READ_FILE)
                rule = _Beneath(allowed, opened)
                _done(libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0))
                os.close(opened)
    _done(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _done(libc.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _done(result: int) -> int:
    """Return what a call gave.

    Raises:
        OSError: It was refused: the child ends then, before it has read anything.
    """
    if result < 0:
        raise OSError(ctypes.get_errno(), "the child cannot be confined")
    return result
