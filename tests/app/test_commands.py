"""Commands of a real server: the entries that the page on commands offers, and what a kill leaves."""

import importlib
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.processes import Serving, serving
from tests.project.tree import ROOT
from workspace_server.app import owner
from workspace_server.cli.api import Address, Answer, Api
from workspace_server.core.commands import FIELDS
from workspace_server.errors import Forbidden
from workspace_server.setting_values import spelled

PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SNIPPETS = {name: block for block in BLOCKS for name in tomllib.loads(block)["commands"]}


def operator(server: Serving) -> Api:
    """Return the API for whoever has the folder."""
    record = owner.current(server.folder)
    assert record is not None
    return Api(lambda: Address(url=server.url, key=record.admin_key), agent="operator")


def configure(folder: Path, text: str) -> None:
    (folder / ".workspace").mkdir()
    (folder / ".workspace" / "config.toml").write_text(text)


def offer(directory: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a stand-in for a coding agent, and this program, where commands are looked for."""
    script = directory / name
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        f"from tests.stand_ins.{name} import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    here = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{directory}:{here}:{os.environ['PATH']}")


def ended(api: Api) -> Answer:
    """Return the first job once it is over."""
    while True:
        shown = api.get("/jobs", limit=1)["jobs"]
        if shown and shown[0]["state"] not in {"queued", "claimed"}:
            return shown[0]


@pytest.mark.parametrize(("command", "program"), [("claude-editor", "claude"), ("codex-editor", "codex")])
def test_the_entry_that_the_page_offers_starts_a_coding_agent_that_edits_over_mcp(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, program: str
) -> None:
    offer(tmp_path, program, monkeypatch)
    configure(folder, SNIPPETS[command])
    with serving(folder) as server:
        api = operator(server)
        api.post(
            "/triggers", {"name": "edit", "files": ["plan.md"], "command": command, "instructions": "Make it final."}
        )
        api.post("/commits", {"changes": [{"op": "write", "path": "plan.md", "content": "a draft\n"}]})
        shown = ended(api)
        assert shown["state"] == "done", shown
        assert api.get("/jobs/J1:log")["log"] == "edit: Make it final.\n"
        assert (folder / "plan.md").read_text() == "a final\n"
        [_, newest] = reversed(api.get("/files/plan.md:history")["versions"])
        assert newest["by"] == command
        assert [job["job"] for job in api.get("/jobs")["jobs"]] == ["J1"], "its own save does not start it again"


@pytest.mark.parametrize(
    ("command", "program", "wrong"),
    [
        ("claude-editor", "claude", ("--strict-mcp-config", "--strict-mcp")),
        ("claude-editor", "claude", ("mcp__workspace", "mcp__other")),
        ("codex-editor", "codex", ("--ephemeral", "--ask-for-approval")),
        ("codex-editor", "codex", ("default_tools_approval_mode", "approval")),
    ],
)
def test_the_stand_ins_refuse_a_wrong_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, program: str, wrong: tuple[str, str]
) -> None:
    argv = tomllib.loads(SNIPPETS[command])["commands"][command]["argv"]
    monkeypatch.setattr(sys, "argv", [part.replace(*wrong) for part in argv])
    with pytest.raises(SystemExit):
        importlib.import_module(f"tests.stand_ins.{program}").main()


def test_the_page_says_what_an_entry_may_hold() -> None:
    assert re.findall(r"^\| `(\w+)` \|.*\|.*\|$", PAGE, re.MULTILINE) == list(FIELDS)


def test_a_killed_server_takes_its_program_along_and_the_next_one_runs_it_again(folder: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"import os, time; open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(600)"
    configure(folder, f"[commands.slow]\nargv = {spelled([sys.executable, '-c', code])}\n")
    with serving(folder) as server:
        operator(server).post("/triggers", {"name": "t", "files": ["a.md"], "command": "slow", "settle": "immediate"})
        operator(server).post("/commits", {"changes": [{"op": "write", "path": "a.md", "content": "x"}]})
        [first] = started(pids, 1)
        server.kill()
        server.start()
        [_, second] = started(pids, 2)
        assert not is_alive(first)
        shown = operator(server).get("/jobs/J1")
        assert (shown["state"], shown["attempt"], shown["failures"]) == ("claimed", 2, 1)
        assert server.stop() == 0
        assert not is_alive(second)


def test_over_http_a_command_needs_the_folders_admin_key(folder: Path) -> None:
    configure(folder, "[commands.x]\nargv = ['true']\n")
    with serving(folder) as server:
        stranger = Api(lambda: Address(url=server.url), agent="ann")
        with pytest.raises(Forbidden):
            stranger.post("/triggers", {"name": "t", "files": ["a.md"], "command": "x"})


def started(pids: Path, count: int) -> list[int]:
    while True:
        lines = pids.read_text().splitlines() if pids.exists() else []
        if len(lines) == count and lines[-1]:
            return [int(line) for line in lines]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
