"""A filter of system calls: what a parser of documents never needs, and what could harm others, is refused.

It is a list of what is refused, and not of what is allowed: libraries change which calls they use, and a parser that
fails on a new kernel protects nobody. The calls are refused with an error, so that a library may go on without.
"""

import ctypes
import errno
import os
from typing import Final

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_FILTER_CALL: Final = {"x86_64": 317, "aarch64": 277}
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS = 38, 1, 1
_THREAD_FLAG: Final = 0x10000
_X32: Final = 0x40000000

_REFUSED: Final = {
    # name: (number on x86_64, number on aarch64); None where there is no such call
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "setpriority": (141, 140), "mount": (165, 40),
    "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "init_module": (175, 105), "finit_module": (313, 273),
    "kexec_load": (246, 104),
}  # fmt: skip
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435
_SIGNALS: Final = {"x86_64": (62, 234), "aarch64": (129, 131)}
_PRLIMIT: Final = {"x86_64": 302, "aarch64": 261}

_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_LOAD, _RETURN, _EQUAL, _AT_LEAST, _HAS_BITS = 0x20, 0x06, 0x15, 0x35, 0x45
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000

Instruction = tuple[int, int, int, int]
"""Code, how far to jump when it holds and when not, operand."""


def is_known(machine: str) -> bool:
    """Return whether the numbers of the calls are known for this kind of machine."""
    return machine in _ARCHITECTURES


def program(machine: str, *, pid: int) -> list[Instruction]:
    """Return the filter for a process: its threads and its own end stay possible, other processes are out of reach."""
    column = 0 if machine == "x86_64" else 1
    refuse, allow = (_RETURN, 0, 0, _ERROR | errno.EPERM), (_RETURN, 0, 0, _ALLOW)
    built: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
        (_EQUAL, 0, 1, _CLONE3),  # its flags lie in memory: the library falls back to clone, whose flags are seen
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
    ]
    for numbers in _REFUSED.values():
        number = numbers[column]
        built += [] if number is None else [(_EQUAL, 0, 1, number), refuse]
    asked: list[tuple[int, Instruction]] = [(_CLONE[machine], (_HAS_BITS, 0, 1, _THREAD_FLAG))]
    asked += [(number, (_EQUAL, 0, 1, pid)) for number in _SIGNALS[machine]]
    asked += [(_PRLIMIT[machine], (_EQUAL, 0, 1, 0))]
    for number, holds in asked:
        built += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT_AT), holds, allow, refuse]
    return [*built, allow]


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("yes", ctypes.c_uint8),
        ("no", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def restrict_calls(machine: str) -> None:
    """Put the filter in force, for good, for every thread of this process.

    Raises:
        OSError: The kernel has no such filters.
    """
    built = program(machine, pid=os.getpid())
    held = (_Instruction * len(built))(*(_Instruction(*each) for each in built))
    whole = _Program(len(built), held)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.syscall(_FILTER_CALL[machine], _SET_FILTER, _ALL_THREADS, ctypes.byref(whole)):
        raise OSError(ctypes.get_errno(), "the child cannot be confined")
