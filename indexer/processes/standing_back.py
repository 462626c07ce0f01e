"""How a process, or one thread of it, lets others have the processor first."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_OF_SESSION: Final = Path("/proc/self/autogroup")
_TRIES: Final = 5
_PAUSE_S: Final = 0.1


def stand_back(niceness: int, *, tell: Callable[[str], object] = _OF_SESSION.write_text) -> None:
    """Let this process stand back by *niceness*, with all that it starts.

    Where Linux shares the processor among sessions, niceness counts only within one. A process that has a session of
    its own would take as much as a whole server, however nice it is; so its session stands back, too.

    Args:
        tell: Tells the system the niceness of this process's session.
    """
    os.nice(niceness)
    if os.getsid(0) != os.getpid():
        return  # it is the session of others
    for _ in range(_TRIES):
        try:
            tell(str(niceness))
        except BlockingIOError:  # the system takes ten of these in a second
            time.sleep(_PAUSE_S)
        except OSError:  # it has no such thing
            return
        else:
            return


def thread_stands_back(niceness: int) -> None:
    """Let this thread alone have that niceness, on a system that knows such a thing for threads."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
