"""Who owns a folder, over real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workspace_server.app.owner import Owned, Ownership, current

HOLDER = """
import signal, sys, threading
from pathlib import Path
from workspace_server.app.owner import Ownership
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
with Ownership.take(Path(sys.argv[1]), sys.argv[2]) as own:
    own.publish(url="http://127.0.0.1:1")
    print("ready", flush=True)
    ended.wait(30)
"""


def holder(root: Path, kind: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(root), kind], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_folder_that_nobody_owns_has_no_record(tmp_path: Path) -> None:
    assert current(tmp_path) is None


def test_the_owner_tells_where_it_listens_and_keeps_that_private(tmp_path: Path) -> None:
    with Ownership.take(tmp_path, "serve") as own:
        assert current(tmp_path) is None  # it does not listen yet
        own.publish(url="http://127.0.0.1:1", socket="owner.sock")
        found = current(tmp_path)
        assert found is not None
        assert (found.pid, found.kind, found.url) == (os.getpid(), "serve", "http://127.0.0.1:1")
        assert (tmp_path / ".workspace/owner.json").stat().st_mode & 0o777 == 0o600
        assert len(found.admin_key) >= 32
    assert current(tmp_path) is None


def test_a_second_serve_is_told_who_owns_the_folder(tmp_path: Path) -> None:
    process = holder(tmp_path, "serve")
    try:
        with pytest.raises(Owned) as refusal, Ownership.take(tmp_path, "serve"):
            pass
        assert refusal.value.facts["pid"] == process.pid
        assert "workspace-server stop" in str(refusal.value.hint)
    finally:
        end(process)


def test_serve_takes_over_from_a_background_owner(tmp_path: Path) -> None:
    process = holder(tmp_path, "background")
    try:
        with Ownership.take(tmp_path, "serve") as own:
            assert process.wait(10) == 0
            own.publish(url="http://127.0.0.1:2")
            assert json.loads((tmp_path / ".workspace/owner.json").read_text())["kind"] == "serve"
    finally:
        end(process)


@pytest.mark.parametrize("kind", ["serve", "background"])
def test_a_background_owner_never_pushes_another_aside(tmp_path: Path, kind: str) -> None:
    process = holder(tmp_path, kind)
    try:
        with pytest.raises(Owned), Ownership.take(tmp_path, "background"):
            pass
        assert process.poll() is None
    finally:
        end(process)


def test_the_folder_of_a_killed_owner_is_free_and_its_record_is_ignored(tmp_path: Path) -> None:
    process = holder(tmp_path, "serve")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (tmp_path / ".workspace/owner.json").exists()
    assert current(tmp_path) is None
    with Ownership.take(tmp_path, "background"):
        assert not (tmp_path / ".workspace/owner.json").exists()


def test_a_new_owner_knows_where_the_last_one_listened(tmp_path: Path) -> None:
    with Ownership.take(tmp_path, "serve") as own:
        assert own.last_port is None
        own.publish(url="http://127.0.0.1:4321")
    with Ownership.take(tmp_path, "background") as own:
        assert own.last_port == 4321
        (tmp_path / ".workspace" / "port").write_text("not a port")
        assert own.last_port is None


UNPRIVILEGED = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # without CAP_DAC_OVERRIDE root obeys modes as everybody does
os.execv(sys.executable, [sys.executable, "-m", "workspace_server.cli", "serve", sys.argv[1], "--port", "0"])
"""


@pytest.mark.parametrize("state", ["a file", "read-only", "another user's"])
def test_a_folder_whose_state_cannot_be_written_is_refused_in_words(folder: Path, state: str) -> None:
    place = folder / ".workspace"
    if state == "a file":
        place.write_text("not a directory")
    else:
        place.mkdir()
        (place / "owner.gate").touch(mode=0o400 if state == "read-only" else 0o000)
        place.chmod(0o500 if state == "read-only" else 0o700)
    command = [sys.executable, "-c", UNPRIVILEGED, str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    place.chmod(0o700)
    assert done.returncode == 75, done.stderr
    assert "The server cannot keep its state in" in done.stderr
    assert "Traceback" not in done.stderr
