"""Every door of a real server, tried again and again while somebody exchanges a directory with a link to outside."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.processes import Serving
from tests.scenarios.test_hostile_paths import lenient_calls, requests, tool_calls
from tests.storm.doors import ANSWER_S, Mcp, NoAnswerError, RefusedError, Stdio
from tests.swapping import Swapper

SECRET = "secret"
PATHS = ("d/f", "d/new/file", "d", "l/f")


@dataclass(slots=True)
class Race:
    """What came of it.

    Attributes:
        escaped: Answers that held what lies outside, and what was changed there.
        failed: Answers that say that the server did not know what to do.
    """

    tries: int = 0
    swaps: int = 0
    escaped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def race(base: Path, seconds: float, *, control: bool = False, until_escaped: bool = False) -> Race:
    """Serve a folder in *base* and try all doors for *seconds*.

    Args:
        control: Let a double serve that checks the real path of a file before it opens it.
        until_escaped: End with the first thing that escapes.
    """
    root, found = base / "root", Race()
    root.mkdir()
    swapper = Swapper(root)
    server = Serving(root, program=("tests.scenarios.racing" if control else "workspace_server.cli",))
    server.start()
    ends_s = time.monotonic() + seconds

    def goes_on() -> bool:
        escaped = until_escaped and (found.escaped or _changed(swapper.outside))
        return time.monotonic() < ends_s and not escaped

    try:
        with swapper:
            doors = [Mcp(server.url, "racer"), Stdio(root, "runner")]
            threads = [threading.Thread(target=_call_tools, args=(door, found, goes_on)) for door in doors]
            threads.append(threading.Thread(target=_send_requests, args=(server.url, found, goes_on)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for door in doors:
            door.close()
    finally:
        server.stop()
    found.swaps = swapper.swaps
    assert (root / "d").is_symlink() != (root / "l").is_symlink(), "there was nothing to race with"
    changed = _changed(swapper.outside)
    if changed:
        found.escaped.append(changed)
    return found


def _changed(outside: Path) -> str:
    """Return what is not as it was outside, or nothing."""
    there = {path.name: path.read_bytes() for path in outside.iterdir() if path.is_file()}
    names = [path.name for path in outside.iterdir()]
    return "" if (there, names) == ({"f": SECRET.encode()}, ["f"]) else f"outside stand {names}: {there}"


def _call_tools(door: Mcp | Stdio, found: Race, goes_on: Callable[[], bool]) -> None:
    while goes_on():
        for path in PATHS:
            for tool, arguments in [*tool_calls(path), *lenient_calls(path)]:
                if tool == "create_trigger" or not goes_on():
                    continue
                try:
                    answer = json.dumps(door._call(tool, arguments))
                except RefusedError as refusal:
                    answer = json.dumps(refusal.facts)
                except NoAnswerError as error:
                    found.failed.append(f"{tool} {path}: {error}")
                    continue
                found.tries += 1
                if SECRET in answer:
                    found.escaped.append(f"{tool} {path}: {answer[:500]}")


def _send_requests(url: str, found: Race, goes_on: Callable[[], bool]) -> None:
    address = urlsplit(url)
    while goes_on():
        for path in PATHS:
            for method, target, body in requests(path):
                if not goes_on():
                    break
                connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_S)
                connection.request(method, target, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = response.read()
                connection.close()
                found.tries += 1
                if SECRET.encode() in answer:
                    found.escaped.append(f"{method} {target}: {answer[:500]!r}")
                if response.status >= 500:
                    found.failed.append(f"{method} {target}: {answer[:500]!r}")


def _serve_carelessly() -> None:
    """Be the negative control: a server that looks where a path leads, and opens it afterwards."""
    import errno
    import os

    from workspace_server.cli.main import main
    from workspace_server.storage.disk import tree

    def checked(directory: int, path: str, flags: int) -> int:
        base = Path(f"/proc/self/fd/{directory}").readlink()
        try:
            leads_to = Path(os.path.realpath(base / path))
        except OSError as error:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path) from error
        if not leads_to.is_relative_to(base):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        return os.open(path, (flags & ~os.O_NOFOLLOW) | os.O_CLOEXEC, dir_fd=directory)

    def probe(root: int) -> Any:
        del root
        return checked

    tree._probe_open = probe
    main()


if __name__ == "__main__":
    _serve_carelessly()
