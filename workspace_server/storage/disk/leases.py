"""Whether a file is open in other places, as the kernel tells by granting or refusing a lease on it (Linux)."""

import errno
import fcntl
import signal
import sys


def is_open_elsewhere(descriptor: int, *, for_writing: bool) -> bool | None:
    """Return whether a file is open besides *descriptor*; None where the system does not tell.

    Args:
        for_writing: Ask only for those who may write; *descriptor* is open for reading then, else for writing.
    """
    if sys.platform != "linux":
        return None
    try:
        # Whoever opens the file while the lease is held makes the kernel send a signal, which by default would end
        # this process; the default of this one is to do nothing.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK if for_writing else fcntl.F_WRLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
