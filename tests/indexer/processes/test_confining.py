"""What a child gives up: the filter for each kind of machine, and the layers in force in a process of its own."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.processes import confining, seccomp
from indexer.processes.confining import layers_here
from indexer.processes.messages import LENGTH, answered, drawing_answered, drawing_request, request
from tests.indexer import files
from tests.project.tree import ROOT

ALLOW, KILL, REFUSE, ABSENT = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
PID = 4711


def verdict(machine: str, number: int, argument: int = 0, *, architecture: int | None = None) -> int:
    """Run the filter over one system call, as the kernel does."""
    built = seccomp.program(machine, pid=PID)
    told = {0: number, 4: seccomp._ARCHITECTURES[machine] if architecture is None else architecture, 16: argument}
    at = value = 0
    while True:
        code, yes, no, operand = built[at]
        at += 1
        if code == 0x20:
            value = told[operand]
        elif code == 0x06:
            return operand
        else:
            holds = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
            at += yes if holds else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_refuses_what_reaches_beyond_the_process(machine: str) -> None:
    column = 0 if machine == "x86_64" else 1
    for numbers in seccomp._REFUSED.values():
        number = numbers[column]
        assert number is None or verdict(machine, number) == REFUSE
    kill, tgkill = seccomp._SIGNALS[machine]
    assert [verdict(machine, call, who) for call in (kill, tgkill) for who in (PID, 1)] == [ALLOW, REFUSE] * 2
    clone, prlimit = seccomp._CLONE[machine], seccomp._PRLIMIT[machine]
    assert [verdict(machine, clone, flags) for flags in (0x3D0F00, 17)] == [ALLOW, REFUSE]
    assert [verdict(machine, prlimit, who) for who in (0, 1)] == [ALLOW, REFUSE]
    assert verdict(machine, 435) == ABSENT
    assert {verdict(machine, number) for number in (0, 3, 63, 64)} == {ALLOW}
    assert {verdict(machine, 0, architecture=1), verdict(machine, 0x40000000)} == {KILL}


def test_a_kind_of_machine_whose_calls_are_not_known_has_no_filter() -> None:
    assert [seccomp.is_known(machine) for machine in ("x86_64", "aarch64", "riscv64")] == [True, True, False]


def run_child(
    scratch: Path,
    requests: bytes,
    *,
    before: str = "pass",
    prepares: bool = False,
    draws: bool = False,
    cpu_s: int | None = 20,
) -> subprocess.CompletedProcess[bytes]:
    """Run the child's own program, in this test's environment, so that what it runs is measured."""
    told = {
        "bounds": {"memory_bytes": 1 << 30, "cpu_s": cpu_s, "file_bytes": 1 << 28, "open_files": 64},
        "readable": ["/", "/no/such/place", "/dev/null"],
        "writable": [str(scratch), str(ROOT), "/dev/null"],
        "prepares": prepares,
        "draws": draws,
        "registry": "indexer.extractors:REGISTRY",
    }
    program = f"import sys; {before}; from indexer.processes.child import main; main(sys.argv[1])"
    return subprocess.run(
        [sys.executable, "-c", program, json.dumps(told)],
        input=requests,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        check=False,
    )


def frames(said: bytes) -> list[bytes]:
    found = []
    while said:
        (length,) = LENGTH.unpack(said[: LENGTH.size])
        found.append(said[LENGTH.size : LENGTH.size + length])
        said = said[LENGTH.size + length :]
    return found


def test_a_child_tells_its_layers_and_reads(tmp_path: Path) -> None:
    body = request(b"Owner: Ada", path="a.md", media_type="", size_bytes=10)
    done = run_child(tmp_path, LENGTH.pack(len(body)) + body, prepares=True)

    assert (done.returncode, done.stderr) == (0, b"")
    layers, answer = frames(done.stdout)
    assert tuple(json.loads(layers)) == layers_here()
    assert [fact.value for fact in answered(answer).facts] == ["Ada"]


def test_a_child_that_draws_draws(tmp_path: Path) -> None:
    body = drawing_request(files.pdf([["Owner: Ada"], ["Cost: 3 EUR"]]), 2)
    done = run_child(tmp_path, LENGTH.pack(len(body)) + body, prepares=True, draws=True)

    assert (done.returncode, done.stderr) == (0, b"")
    assert drawing_answered(frames(done.stdout)[1]).pages == 2


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("from indexer.processes import confining; confining.landlock_version = lambda: 0", ["limits", "seccomp"]),
        ("import platform; platform.machine = lambda: 'riscv64'", ["limits", "landlock"]),
    ],
)
def test_a_child_does_without_a_layer_that_is_not_there(tmp_path: Path, before: str, left: list[str]) -> None:
    done = run_child(tmp_path, b"", before=before, cpu_s=None)

    assert json.loads(frames(done.stdout)[0]) == [layer for layer in left if layer in layers_here()]


def test_what_the_kernel_refuses_ends_the_child_before_it_reads(tmp_path: Path) -> None:
    done = run_child(
        tmp_path,
        request(b"Owner: Ada", path="a.md", media_type="", size_bytes=10),
        before="from indexer.processes import seccomp; seccomp.program = lambda machine, pid: []",
    )

    assert (done.stdout, b"cannot be confined" in done.stderr) == (b"", True)
    with pytest.raises(OSError, match="cannot be confined"):
        confining._done(-1)
    assert confining._done(3) == 3
