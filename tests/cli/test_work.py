"""`work`: jobs become runs of a program, and its exit code becomes how they went."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.processes import PROGRAM, Serving, clean_environment, run, serving
from workspace_server.cli import work as work_module
from workspace_server.cli.api import Address, Api
from workspace_server.errors import Forbidden, NotFound


@pytest.fixture
def server(folder: Path) -> Iterator[Serving]:
    with serving(folder) as running:
        yield running


@pytest.fixture
def api(server: Serving) -> Api:
    return Api(lambda: Address(url=server.url), agent="manager")


def work(server: Serving, *arguments: str, program: str) -> "subprocess.CompletedProcess[str]":
    """Do one job with a Python program."""
    command = ["work", "queue", "--once", "--agent", "ada", "--url", server.url, *arguments]
    return run(*command, "--", sys.executable, "-c", program)


def test_a_job_reaches_the_program_on_standard_input_and_in_the_environment(
    server: Serving, api: Api, tmp_path: Path
) -> None:
    added = api.post("/queues/queue:add", {"instructions": "Edit the draft."})
    out = tmp_path / "seen.json"
    program = (
        f"import json, os, sys; job = json.load(sys.stdin);json.dump([job, dict(os.environ)], open({str(out)!r}, 'w'))"
    )
    done = work(server, program=program)
    assert done.returncode == 0, done.stderr
    job, environment = json.loads(out.read_text())
    assert (job["job"], job["instructions"]) == (added["job"], "Edit the draft.")
    assert environment["WORKSPACE_URL"] == server.url
    assert environment["WORKSPACE_AGENT"] == "ada"
    assert environment["WORKSPACE_JOB"] == added["job"]
    assert api.get("/status")["jobs"]["done"] == 1


def test_a_paused_worker_says_so_once_and_works_when_it_is_let_go_on(server: Serving, api: Api, folder: Path) -> None:
    run("pause", "ada", "--note", "wait for me", "--dir", str(folder))
    api.post("/queues/queue:add", {"instructions": "x"})
    asked = ["work", "queue", "--once", "--agent", "ada", "--dir", str(folder), "--", sys.executable, "-c", ""]
    with subprocess.Popen([*PROGRAM, *asked], stderr=subprocess.PIPE, text=True, env=clean_environment()) as worker:
        assert worker.stderr is not None
        said = [worker.stderr.readline() for _ in range(2)]
        run("resume", "ada", "--dir", str(folder))
        said += worker.stderr.readlines()

    assert worker.returncode == 0
    assert [line for line in said if "paused by" in line] == [said[1]]
    assert "wait for me" in said[1]
    assert api.get("/status")["jobs"]["done"] == 1


def test_a_program_that_fails_fails_its_job(server: Serving, api: Api) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    done = work(server, program="import sys; print('the reason'); sys.exit(3)")
    assert done.returncode == 1
    assert "failed" in done.stderr
    assert "    the reason\n" in done.stderr
    assert api.get("/status")["jobs"]["failed"] == 1


def test_a_worker_says_what_it_waits_for_and_how_each_program_ended(server: Serving, api: Api) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    done = work(server, program="for number in range(30): print(f'line {number}')")
    first, claimed, ended, *lines = done.stderr.splitlines()
    assert first == "ada: waiting for jobs of queue"
    assert "attempt 1" in claimed
    assert "done" in ended
    assert lines == [f"    line {number}" for number in range(10, 30)]


def test_workers_without_a_name_get_one_each(server: Serving, api: Api) -> None:
    names = set()
    for _ in range(2):
        api.post("/queues/queue:add", {"instructions": "x"})
        done = run("work", "queue", "--once", "--url", server.url, "--", sys.executable, "-c", "pass")
        names.add(done.stderr.partition(":")[0])
    assert len(names) == 2


def test_a_program_that_is_not_there_is_said_before_any_job_comes() -> None:
    done = run("work", "queue", "--url", "http://127.0.0.1:1", "--", "no-such-program")
    assert done.returncode == 2
    assert "Cannot run no-such-program: there is no such program." in done.stderr


def test_exit_code_75_puts_the_job_back(server: Serving, api: Api) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    assert "retry" in work(server, program="import sys; sys.exit(75)").stderr
    assert api.get("/status")["jobs"]["queued"] == 1


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(server: Serving, api: Api) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    done = work(server, "--timeout", "1s", program="import time; time.sleep(600)")
    assert "failed" in done.stderr
    assert api.get("/status")["jobs"]["failed"] == 1


def test_a_large_job_does_not_wait_for_a_program_that_reads_nothing(server: Serving, api: Api) -> None:
    names = [f"{'n' * 200}/{'m' * 200}/{number}" for number in range(200)]
    api.post("/commits", {"changes": [{"op": "write", "path": name, "content": "x"} for name in names]})
    api.post("/queues/queue:add", {"instructions": "x", "inputs": names})
    done = work(server, "--timeout", "1s", program="import time; time.sleep(600)")
    assert "failed" in done.stderr
    assert api.get("/status")["jobs"]["failed"] == 1


def test_a_program_that_cannot_be_run_costs_no_job(server: Serving, api: Api, tmp_path: Path) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x00no program")
    broken.chmod(0o755)
    done = run("work", "queue", "--url", server.url, "--", broken)
    assert done.returncode == 2
    assert str(broken) in done.stderr
    assert api.get("/status")["jobs"]["queued"] == 1


def worker_of(url: str, program: str) -> work_module._Worker:
    """Return a worker that does one job with a Python program, in this process."""
    return work_module._Worker(
        lambda: Address(url=url),
        "ada",
        "queue",
        [sys.executable, "-c", program],
        timeout_s=600,
        once=True,
        ending=work_module._Ending(),
    )


def endless(begun: Path) -> str:
    """Return a program that writes down its process and waits."""
    noted = f"pathlib.Path({str(begun)!r}).write_text(f'{{os.getpid()}}\\n')"
    return f"import os, pathlib, time; {noted}; time.sleep(600)"


def has_begun(begun: Path) -> bool:
    return begun.exists() and begun.read_text().endswith("\n")


class _Refusing(BaseHTTPRequestHandler):
    """A server that gives a job and refuses every sign of life once the job's program has begun."""

    begun: Path

    def do_POST(self) -> None:
        if self.path.endswith(":claim"):
            job = {"job": "J1", "queue": "queue", "instructions": "x", "inputs": [], "attempt": 1}
            self._answer(200, {"job": job})
        elif has_begun(self.begun):
            self._answer(403, {"error": {"code": "forbidden", "message": "No.", "hint": "Ask.", "retryable": False}})
        else:
            self._answer(200, {"job": "J1"})

    def _answer(self, status: int, said: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name above
        """Keep what the test prints clean."""


def test_a_worker_that_is_refused_leaves_no_program_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module, "RENEW_S", 0)
    begun = tmp_path / "begun"
    program = endless(begun)
    monkeypatch.setattr(_Refusing, "begun", begun, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as refusing:
        threading.Thread(target=refusing.serve_forever).start()
        worker = worker_of(f"http://127.0.0.1:{refusing.server_port}", program)
        worker.run()
        refusing.shutdown()
    assert isinstance(worker.failure, Forbidden)
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


def test_what_a_program_prints_can_be_read_while_it_runs_and_afterwards(
    server: Serving, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_module, "RENEW_S", 0)
    api.post("/queues/queue:add", {"instructions": "x"})
    go = tmp_path / "go"
    program = (
        "import pathlib, time; print('so far', flush=True)\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\nprint('done')"
    )
    working = threading.Thread(target=worker_of(server.url, program).run)
    working.start()
    while not (logs := api.get("/jobs").get("jobs", [])) or "so far" not in log_of(api, logs[0]["job"]):
        assert working.is_alive()
    assert log_of(api, "J1") == "so far\n"
    go.touch()
    working.join()
    assert log_of(api, "J1") == "so far\ndone\n"


def log_of(api: Api, job: str) -> str:
    try:
        return str(api.get(f"/jobs/{job}:log")["log"])
    except NotFound:
        return ""


def test_a_program_whose_job_is_lost_is_ended(
    server: Serving, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(work_module, "RENEW_S", 0)
    api.post("/queues/queue:add", {"instructions": "x"})
    begun = tmp_path / "begun"
    program = endless(begun)
    worker = worker_of(server.url, program)
    working = threading.Thread(target=worker.run)
    working.start()
    while not has_begun(begun):
        assert working.is_alive()
    Api(lambda: Address(url=server.url), agent="ada").post("/jobs/J1:finish", {"outcome": "retry"})
    api.post("/queues/queue:claim")
    working.join()
    assert worker.failure is None
    assert "job J1: It is not a job of yours." in capsys.readouterr().err
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


def test_what_a_program_has_said_of_its_job_itself_counts(server: Serving, api: Api) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    program = (
        "import os; from workspace_server.cli.api import Address, Api\n"
        "api = Api(lambda: Address(url=os.environ['WORKSPACE_URL']))\n"
        "api.post('/jobs/' + os.environ['WORKSPACE_JOB'] + ':finish', {'outcome': 'blocked', 'note': 'Which one?'})"
    )
    done = work(server, program=program)
    assert "job J1 was blocked by its program's own word" in done.stderr
    assert api.get("/status")["jobs"]["blocked"] == 1


def test_the_job_of_a_worker_that_is_killed_goes_to_the_next_and_its_program_ends(
    server: Serving, api: Api, tmp_path: Path
) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    begun = tmp_path / "begun"
    program = endless(begun)
    short = "from workspace_server.cli import work, main; work.VISIBILITY_S = 5; raise SystemExit(main.main())"
    arguments = ["work", "queue", "--agent", "ada", "--url", server.url, "--", sys.executable, "-c", program]
    worker = subprocess.Popen(
        [sys.executable, "-c", short, *arguments], env=clean_environment(), stderr=subprocess.DEVNULL
    )
    while not has_begun(begun):
        assert worker.poll() is None
    worker.kill()
    worker.wait()
    done = work(server, program="pass")
    assert "attempt 2" in done.stderr
    assert api.get("/jobs/J1")["state"] == "done"
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


def test_two_jobs_at_once_are_two_agents(server: Serving, api: Api, tmp_path: Path) -> None:
    for _ in range(2):
        api.post("/queues/queue:add", {"instructions": "x"})
    # Each waits until the other has begun: they end only when both run at the same time.
    program = (
        "import os, pathlib, time\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "(here / ('begun-' + os.environ['WORKSPACE_AGENT'])).touch()\n"
        "while len(list(here.glob('begun-*'))) < 2: time.sleep(0.01)\n"
    )
    assert work(server, "--jobs", "2", program=program).returncode == 0
    assert {path.name for path in tmp_path.glob("begun-*")} == {"begun-ada-1", "begun-ada-2"}
    assert api.get("/status")["jobs"]["done"] == 2


def test_a_worker_that_is_told_to_end_lets_its_job_end(server: Serving, api: Api, tmp_path: Path) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    begun, go = tmp_path / "begun", tmp_path / "go"
    program = (
        f"import pathlib, time; pathlib.Path({str(begun)!r}).touch()\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
    )
    command = [*PROGRAM, "work", "queue", "--url", server.url, "--", sys.executable, "-c", program]
    worker = subprocess.Popen(command, env=clean_environment(), stderr=subprocess.DEVNULL)
    while not begun.exists():
        assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    go.touch()
    assert worker.wait(timeout=30) == 0
    assert api.get("/status")["jobs"]["done"] == 1


def test_a_second_signal_ends_the_program_and_puts_the_job_back(server: Serving, api: Api, tmp_path: Path) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    begun = tmp_path / "begun"
    program = f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(600)"
    command = [*PROGRAM, "work", "queue", "--url", server.url, "--", sys.executable, "-c", program]
    worker = subprocess.Popen(command, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    while not begun.exists():
        assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGINT)
    try:
        _, said = worker.communicate(timeout=30)
    finally:
        worker.kill()
        worker.communicate()
    assert worker.returncode == 0, said
    assert api.get("/status")["jobs"]["queued"] == 1


def test_a_job_is_finished_after_a_restart_of_the_server(server: Serving, api: Api, tmp_path: Path) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    begun, go = tmp_path / "begun", tmp_path / "go"
    program = (
        f"import pathlib, time; pathlib.Path({str(begun)!r}).touch()\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
    )
    command = [*PROGRAM, "work", "queue", "--once", "--url", server.url, "--", sys.executable, "-c", program]
    worker = subprocess.Popen(command, env=clean_environment(), stderr=subprocess.DEVNULL)
    while not begun.exists():
        assert worker.poll() is None
    server.kill()
    go.touch()
    server.start()
    assert worker.wait(timeout=60) == 0
    assert api.get("/status")["jobs"]["done"] == 1


@pytest.mark.parametrize(("span", "exit_code"), [("90", 0), ("2h", 0), ("soon", 2)])
def test_a_time_limit_is_a_number_with_a_unit(server: Serving, api: Api, span: str, exit_code: int) -> None:
    api.post("/queues/queue:add", {"instructions": "x"})
    assert work(server, "--timeout", span, program="pass").returncode == exit_code
