"""Programs run in a group of their own, are kept an eye on, and end with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace_server.services.automation.programs.program import Program

ENV = dict(os.environ)
FOREVER = "import time; time.sleep(600)"


def start(code: str, *, told: bytes = b"", grace_s: float = 10.0, cwd: Path | None = None) -> Program:
    return Program.start([sys.executable, "-c", code], env=ENV, told=told, grace_s=grace_s, cwd=cwd)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc").is_dir() else True
    except (ProcessLookupError, FileNotFoundError):
        return False


def until_gone(*pids: int) -> None:
    while any(map(is_alive, pids)):
        time.sleep(0.01)


def read_when_there(path: Path) -> Iterator[int]:
    """Yield the numbers of the processes that a test's program wrote down."""
    while not path.exists() or not path.read_text().endswith("\n"):
        time.sleep(0.01)
    yield from map(int, path.read_text().split())


def family(tmp_path: Path, *, stubborn: bool = False) -> str:
    """Return a program that starts another one, writes down both, and waits."""
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    return (
        f"{deaf}import os, pathlib, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {deaf + FOREVER!r}])\n"
        f"pathlib.Path({str(tmp_path / 'pids')!r}).write_text(f'{{os.getpid()}} {{child.pid}}\\n')\n"
        "time.sleep(600)"
    )


def test_it_finds_what_it_is_told_and_what_it_prints_is_kept(tmp_path: Path) -> None:
    program = start(
        "import os, sys; print(sys.stdin.read(), os.getcwd()); sys.stderr.write('aside'); sys.exit(3)",
        told=b"the job",
        cwd=tmp_path,
    )
    assert program.wait(30) == 3
    assert program.printed() == (f"the job {tmp_path}\naside", len(f"the job {tmp_path}\naside"))
    assert program.printed_last(3) == "ide"


def test_it_may_leave_a_large_input_unread_and_print_without_end() -> None:
    program = start("import sys; sys.stdout.write('x' * 10_000_000)", told=b"y" * 10_000_000)
    assert program.wait(60) == 0
    kept, size = program.printed()
    assert size == 10_000_000
    assert "bytes are left out" in kept


def test_while_it_runs_there_is_no_exit_code_yet() -> None:
    program = start(FOREVER)
    assert program.wait(0.01) is None
    program.end()


def test_it_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    program = start(family(tmp_path))
    pids = [*read_when_there(tmp_path / "pids")]
    program.end()
    until_gone(*pids)


def test_who_does_not_listen_is_killed(tmp_path: Path) -> None:
    program = start(family(tmp_path, stubborn=True), grace_s=0.1)
    pids = [*read_when_there(tmp_path / "pids")]
    program.end()
    until_gone(*pids)


def test_what_it_leaves_behind_is_ended_too(tmp_path: Path) -> None:
    program = start(family(tmp_path).replace("time.sleep(600)", "pass"))
    pids = [*read_when_there(tmp_path / "pids")]
    assert program.wait(30) == 0
    until_gone(*pids)


def test_a_program_that_a_signal_ends_has_the_exit_code_that_shells_give_it() -> None:
    program = start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert program.wait(30) == 128 + signal.SIGKILL


def test_a_program_that_cannot_be_run_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x00no program")
    broken.chmod(0o755)
    for argv, refusal in ((["no-such-program"], FileNotFoundError), ([str(broken)], OSError)):
        with pytest.raises(refusal):
            Program.start(argv, env=ENV, told=b"")
    with pytest.raises(NotADirectoryError):
        Program.start(["true"], env=ENV, told=b"", cwd=broken)


def test_it_does_not_outlive_whoever_started_it(tmp_path: Path) -> None:
    starter = (
        "import os, sys, time\n"
        "from workspace_server.services.automation.programs.program import Program\n"
        f"Program.start([sys.executable, '-c', {family(tmp_path)!r}], env=dict(os.environ), told=b'')\n"
        "time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", starter])
    try:
        pids = [*read_when_there(tmp_path / "pids")]
    finally:
        process.kill()
        process.wait()
    until_gone(*pids)
