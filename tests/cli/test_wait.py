"""`wait`: scripts go on once the files are in."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Serving, serving
from workspace_server.cli import commands, wait
from workspace_server.cli.api import Address, Api


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("served")
    (folder / ".workspace").mkdir()
    (folder / ".workspace" / "config.toml").write_text("wait_max_seconds = 5\n")
    with serving(folder) as running:
        yield running


@pytest.fixture
def api(server: Serving) -> Api:
    return Api(lambda: Address(url=server.url), agent="bob")


def waited(server: Serving, *arguments: str) -> int:
    return commands.run(["wait", *arguments, "--url", server.url])


def save(api: Api, *paths: str) -> None:
    api.post("/commits", {"changes": [{"op": "write", "path": path, "content": "x"} for path in paths]})


def test_what_is_there_is_named_at_once(server: Serving, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    save(api, "there/a.md", "there/b.md")
    assert waited(server, "there/a.md", "there/b.md", "--indexed") == 0
    assert capsys.readouterr().out == "there/a.md@1\nthere/b.md@1\n"
    assert waited(server, "there/*.md", "there/none.md", "--any", "--json") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ready"
    assert waited(server, "there/*.md", "--count", "2") == 0
    assert waited(server, "there/*.md", "--since", str(api.get("/status")["seq"]), "--timeout", "0") == 124


def test_when_the_time_is_over_it_says_what_is_missing_and_who_has_it(
    server: Serving, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    save(api, "held/a.md")
    api.post("/locks", {"paths": ["held/a.md"], "ttl_seconds": 600})
    assert waited(server, "held/a.md", "held/b.md", "--timeout", "0s") == wait.TIMED_OUT
    said = capsys.readouterr().err
    assert "missing: held/a.md (locked by bob)" in said
    assert "missing: held/b.md (absent)" in said


def test_it_waits_over_several_calls_until_the_files_come(
    server: Serving, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = threading.Event()
    call = Api.call_tool

    def counted(self: Api, name: str, arguments: dict[str, object]) -> dict[str, object]:
        answer = call(self, name, arguments)
        asked.set()
        return answer

    monkeypatch.setattr(Api, "call_tool", counted)
    monkeypatch.setattr(wait, "LEAST_CALL_S", 0.05)

    def come() -> None:
        asked.wait()
        save(api, "late/a.md")

    coming = threading.Thread(target=come)
    coming.start()
    assert waited(server, "late/a.md") == 0
    coming.join()
    assert capsys.readouterr().out == "late/a.md@1\n"


def test_a_wait_goes_on_when_the_server_is_started_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(folder) as server:
        result: list[int] = []
        waiting = threading.Thread(target=lambda: result.append(waited(server, "a.md")))
        waiting.start()
        server.kill()
        server.start()
        save(Api(lambda: Address(url=server.url), agent="bob"), "a.md")
        waiting.join()
    assert result == [0]


def test_arguments_that_make_no_sense_are_refused(server: Serving) -> None:
    assert waited(server, "a.md", "--any", "--count", "2") == 2
    assert waited(server, "../x") == 2
    assert waited(server, "a.md", "--timeout", "soon") == 2
