"""`hook claude-code`: a coding agent's own tools respect locks, and what they save is theirs."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.processes import Serving, run, serving
from workspace_server.cli import hook as hook_module
from workspace_server.cli.connect import client_config_command
from workspace_server.cli.hook import PATHS, ToolCall, respond

DATA = Path(__file__).parents[1] / "data" / "claude_code_hooks"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("edited")) as running:
        yield running


def recorded(name: str, folder: Path, file: str | None = None) -> dict[str, Any]:
    """Return a recorded hook input, about a folder here; and about another file of it."""
    said: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8").replace("{folder}", str(folder)))
    if file is not None:
        said["tool_input"][PATHS[said["tool_name"]]] = str(folder / file)
    return said


def hook(said: object, *arguments: str) -> dict[str, Any] | None:
    """Return the hook's answer to an input; None for none."""
    done = run("hook", "claude-code", *arguments, input=said if isinstance(said, str) else json.dumps(said))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def denied(answer: dict[str, Any] | None) -> str:
    assert answer is not None
    said = answer["hookSpecificOutput"]
    assert (said["hookEventName"], said["permissionDecision"]) == ("PreToolUse", "deny")
    return str(said["permissionDecisionReason"])


def history(server: Serving, path: str) -> list[tuple[int, str, str | None]]:
    found = json.loads(run("history", path, "--json", "--dir", server.folder).stdout)
    return [(entry["version"], entry["by"], entry.get("message")) for entry in found["versions"]]


def locks(server: Serving) -> list[dict[str, Any]]:
    return json.loads(run("locks", "--json", "--dir", server.folder).stdout)["locks"]


@pytest.mark.parametrize("tool", list(PATHS))
def test_an_edit_by_the_agents_own_tool_is_a_version_by_the_agent(server: Serving, tool: str) -> None:
    file = f"mine/{tool}.md"
    (server.folder / "mine").mkdir(exist_ok=True)
    assert hook(recorded(f"{tool}.pre", server.folder, file)) is None
    assert [(lock["agent"], lock["purpose"]) for lock in locks(server)] == [("claude-code", tool)]
    (server.folder / file).write_text("by the tool\n")
    assert hook(recorded(f"{tool}.post", server.folder, file)) is None
    assert history(server, file) == [(1, "claude-code", tool)]
    assert locks(server) == []


def test_an_edit_of_what_another_agent_holds_is_denied_with_who_and_what_to_do(server: Serving) -> None:
    taken = run("call", "lock_files", 'paths=["held.md"]', "purpose=intro", "--agent", "ann", "--dir", server.folder)
    reason = denied(hook(recorded("Edit.pre", server.folder, "held.md")))
    assert "locked by ann" in reason
    assert "lock_files(paths=['held.md'], wait_seconds=50)" in reason
    assert "(intro, for " in reason
    handle = json.loads(taken.stdout)["lock"]
    run("call", "unlock_files", f"lock={handle}", "--agent", "ann", "--dir", server.folder)
    assert hook(recorded("Edit.pre", server.folder, "held.md")) is None
    assert hook(recorded("Edit.failure", server.folder, "held.md")) is None
    assert locks(server) == []


def test_another_session_under_the_same_name_is_denied(server: Serving) -> None:
    assert hook(recorded("Write.pre", server.folder, "twice.md")) is None
    other = recorded("Write.pre", server.folder, "twice.md") | {"session_id": "other"}
    assert "session" in denied(hook(other))
    assert hook(recorded("Write.post", server.folder, "twice.md")) is None
    assert hook(other) is None
    assert hook(other | {"hook_event_name": "PostToolUse"}) is None


def test_what_no_agent_may_write_is_denied(server: Serving) -> None:
    assert denied(hook(recorded("Write.pre", server.folder, ".workspace/config.toml")))


@pytest.mark.parametrize("file", ["CLAUDE.md", ".claude/settings.json"])
def test_the_person_is_asked_about_a_guarded_file(server: Serving, file: str) -> None:
    (server.folder / file).parent.mkdir(parents=True, exist_ok=True)
    answer = hook(recorded("Write.pre", server.folder, file))
    assert answer is not None
    assert answer["hookSpecificOutput"]["permissionDecision"] == "ask"


def test_edits_of_an_ignored_file_pass_in_silence(server: Serving) -> None:
    (server.folder / "node_modules").mkdir()
    for event in ("Write.pre", "Write.post"):
        assert hook(recorded(event, server.folder, "node_modules/x.js")) is None


def test_files_that_are_none_of_ours_pass(server: Serving, tmp_path: Path) -> None:
    assert hook(recorded("Write.pre", tmp_path, "elsewhere.md")) is None
    assert hook(recorded("Bash.pre", server.folder)) is None
    assert hook({}) is None
    assert hook([]) is None


def test_a_file_is_found_through_links_and_relative_to_where_the_agent_works(server: Serving, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(server.folder)
    assert hook(recorded("Write.pre", tmp_path / "link", "linked.md")) is None
    assert [lock["paths"] for lock in locks(server)] == [["linked.md"]]
    assert hook(recorded("Write.failure", tmp_path / "link", "linked.md")) is None
    relative = recorded("Write.pre", server.folder)
    relative["tool_input"]["file_path"] = "beside.md"
    assert hook(relative, "--agent", "ada") is None
    assert [(lock["agent"], lock["paths"]) for lock in locks(server)] == [("ada", ["beside.md"])]
    assert hook(relative | {"hook_event_name": "PostToolUse"}, "--agent", "ada") is None


def test_an_edit_that_was_never_checked_out_is_told_to_be_an_outsiders(server: Serving) -> None:
    (server.folder / "late.md").write_text("late\n")
    answer = hook(recorded("Edit.post", server.folder, "late.md"))
    assert answer is not None
    assert "late.md@1 stands as a version by external" in answer["hookSpecificOutput"]["additionalContext"]


@pytest.mark.parametrize(("there", "other"), [("f9.md", "F9.md"), ("lone.md", "lone\ud800.md")])
def test_a_name_that_cannot_become_a_file_is_denied_before_the_edit(server: Serving, there: str, other: str) -> None:
    run("call", "write_file", f"path={there}", "content=x", "--dir", server.folder)
    before = recorded("Write.pre", server.folder, other)
    assert denied(hook(before, "--required"))
    assert not [lock for lock in locks(server) if other in lock["paths"]]


def test_sessions_of_any_length_are_told_apart(server: Serving) -> None:
    one, other = recorded("Write.pre", server.folder, "long.md"), recorded("Write.pre", server.folder, "long.md")
    one["session_id"], other["session_id"] = "s" * 500, "s" * 499 + "t"
    assert hook(one) is None
    assert hook(one) is None
    assert "long.md is locked" in denied(hook(other))


def test_a_server_that_hangs_is_one_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_module, "ANSWER_S", 0.2)
    with serving(tmp_path) as silent:
        call = ToolCall.read(recorded("Write.pre", tmp_path, "a.md"))
        silent.signal(signal.SIGSTOP)
        try:
            assert "No server answers" in denied(respond(call, "claude-code", required=True))
            assert respond(call, "claude-code", required=False) is not None
        finally:
            silent.signal(signal.SIGCONT)


def test_without_a_server_edits_go_on_unless_one_is_required(tmp_path: Path) -> None:
    (tmp_path / ".workspace").mkdir()
    assert hook(recorded("Write.pre", tmp_path)) is None
    assert "No server runs" in denied(hook(recorded("Write.pre", tmp_path), "--required"))
    assert hook(recorded("Write.post", tmp_path), "--required") is None
    assert [entry.name for entry in tmp_path.iterdir()] == [".workspace"]


def test_what_is_no_json_fails_without_stopping_the_agent() -> None:
    done = run("hook", "claude-code", input="nonsense")
    assert (done.returncode, done.stdout) == (1, "")  # 2 alone would stop the tool call
    assert "client-config" in done.stderr


def test_what_is_no_json_stops_the_call_where_a_server_is_required() -> None:
    done = run("hook", "claude-code", "--required", input="nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no JSON" in done.stderr


def test_the_settings_for_claude_code_run_the_hook_around_its_edit_tools() -> None:
    found = CliRunner().invoke(client_config_command, ["claude-code", "--hooks", "--agent", "ada"])
    events = json.loads(found.stdout)["hooks"]
    assert set(events) == {"PreToolUse", "PostToolUse", "PostToolUseFailure"}
    for (entry,) in events.values():
        assert set(entry["matcher"].split("|")) == set(PATHS)
        assert entry["hooks"][0]["command"].endswith("hook claude-code --agent ada")
    assert ".claude/settings.json" in found.stderr
    for wrong in (["cursor", "--hooks"], ["claude-code", "--hooks", "--url", "http://127.0.0.1:1"]):
        assert "--hooks is for claude-code" in CliRunner().invoke(client_config_command, wrong).stderr
