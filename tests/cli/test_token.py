"""`token`: making, listing and revoking tokens in a terminal, and acting by one from elsewhere."""

import subprocess
from pathlib import Path

import pytest

from tests.processes import PROGRAM, clean_environment, run, serving
from workspace_server.cli import commands


def test_a_token_is_made_listed_used_and_revoked(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path_factory.mktemp("served")) as running:
        here = ("--dir", str(running.folder))

        def told(*arguments: str) -> str:
            capsys.readouterr()
            commands.run(arguments)
            return capsys.readouterr().out

        told("call", "--agent", "ada", "write_file", "path=open/a.md", "content=one", *here)
        made = told("token", "create", "--crew", "crew", "--allow", "read,write:open/**", "--expires", "30d", *here)
        token_id = made.split("_")[1]
        listed = told("token", "list", *here)
        assert [token_id, "crew/*", "live", "read,write:open/**"] == listed.splitlines()[1].split()[:4]
        assert made.strip() not in listed

        assert commands.run(["locks", "--url", running.url]) != 0
        monkeypatch.setenv("WORKSPACE_TOKEN", made.strip())
        assert commands.run(["locks", "--url", running.url]) in (0, None)
        assert told("status", "--url", running.url).endswith("token that reads the whole workspace.\n")
        assert ["-", "-", "-", "-"] in [row.split()[-4:] for row in told("agents", "--url", running.url).splitlines()]
        assert "open/a.md" in told("agents", "ada", "--url", running.url)
        monkeypatch.setenv("WORKSPACE_AGENT", "other/name")
        assert commands.run(["locks", "--url", running.url]) != 0

        assert told("token", "revoke", made.strip(), *here) == f"{token_id}: revoked\n"
        refused = run("stdio", running.folder, input="{}\n")
        assert (refused.returncode, "WORKSPACE_TOKEN" in refused.stderr) == (1, True)
        assert "revoked" in told("token", "list", "--json", *here)
        assert commands.run(["token", "create", *here]) != 0


def test_the_first_token_comes_before_the_first_start(tmp_path: Path) -> None:
    assert run("token", "create", "--agent", "ada", cwd=tmp_path).returncode == 3
    assert run("token", "create", "--agent", "ada", "--dir", tmp_path / "none").returncode == 3
    made = run("token", "create", "--agent", "ada", "--dir", tmp_path)
    try:
        assert made.stdout.startswith("wst_"), made.stderr
        assert "ada" in run("token", "list", cwd=tmp_path).stdout
    finally:
        run("stop", "--dir", tmp_path)

    command = [*PROGRAM, "serve", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) as server:
        assert server.stdout is not None
        said = [server.stdout.readline() for _ in range(7)]
        server.terminate()
        assert "--with-token" in said[6], said + server.stdout.readlines()
