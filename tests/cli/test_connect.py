"""`client-config`: what it prints is what each client reads."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from workspace_server.cli.connect import client_config_command
from workspace_server.interfaces.snippets import CLIENTS, START_ONLY


def snippet(*arguments: str) -> str:
    result = CliRunner().invoke(client_config_command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_clients_that_read_mcp_servers_start_stdio_on_the_folder(tmp_path: Path) -> None:
    for client in ("claude-desktop", "cursor", "windsurf", "gemini", "json"):
        server = json.loads(snippet(client, "--dir", str(tmp_path)))["mcpServers"]["workspace"]
        assert server["args"][-4:] == ["stdio", str(tmp_path), "--agent", client]


def test_vscode_is_told_the_kind_of_server(tmp_path: Path) -> None:
    assert json.loads(snippet("vscode", "--dir", str(tmp_path)))["servers"]["workspace"]["type"] == "stdio"
    over_http = json.loads(snippet("vscode", "--url", "http://127.0.0.1:1/"))["servers"]["workspace"]
    assert over_http == {"type": "http", "url": "http://127.0.0.1:1/mcp?agent=vscode"}


def test_claude_code_gets_a_command_to_run(tmp_path: Path) -> None:
    said = snippet("claude-code", "--dir", str(tmp_path), "--agent", "ada")
    assert said.startswith("claude mcp add workspace -- ")
    assert said.rstrip().endswith(f"stdio {tmp_path} --agent ada")
    assert "--transport http" in snippet("claude-code", "--url", "http://127.0.0.1:1/mcp")


def test_codex_gets_toml(tmp_path: Path) -> None:
    server = tomllib.loads(snippet("codex", "--dir", str(tmp_path)))["mcp_servers"]["workspace"]
    assert "stdio" in server["args"]
    assert tomllib.loads(snippet("codex", "--url", "http://h"))["mcp_servers"]["workspace"]["url"].startswith(
        "http://h/"
    )


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_a_token_comes_from_the_environment_and_brings_its_name(tmp_path: Path, client: str) -> None:
    over_stdio = snippet(client, "--dir", str(tmp_path), "--with-token")
    over_http = "" if client in START_ONLY else snippet(client, "--url", "http://h", "--with-token")
    for said in filter(None, (over_stdio, over_http)):
        assert "agent" not in said
        assert client == "python" or any(way in said for way in ("WORKSPACE_TOKEN", "wst_..."))
    assert client in {"python", *START_ONLY} or "Bearer" in over_http or "bearer_token_env_var" in over_http
    assert "ada" in snippet(client, "--dir", str(tmp_path), "--with-token", "--agent", "ada")


def test_python_gets_a_program_that_compiles(tmp_path: Path) -> None:
    for more in (["--dir", str(tmp_path)], ["--url", "http://127.0.0.1:1"]):
        compile(snippet("python", *more), "snippet", "exec")


def test_a_folder_that_is_no_workspace_yet_is_named_beside_the_snippet(tmp_path: Path) -> None:
    arguments = ["json", "--dir", str(tmp_path)]
    said = CliRunner().invoke(client_config_command, arguments).stderr
    assert f"for {tmp_path}, which the client will make a workspace" in said
    (tmp_path / ".workspace").mkdir()
    assert str(tmp_path) not in CliRunner().invoke(client_config_command, arguments).stderr


def test_every_client_can_be_asked_for(tmp_path: Path) -> None:
    for client in CLIENTS:
        assert snippet(client, "--dir", str(tmp_path))


def test_a_client_that_starts_servers_itself_takes_no_address() -> None:
    result = CliRunner().invoke(client_config_command, ["claude-desktop", "--url", "http://h"])
    assert result.exit_code == 2


@pytest.mark.parametrize("started_as", ["/opt/bin/workspace-server", "/opt/lib/cli/__main__.py"])
def test_the_program_is_named_with_its_whole_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started_as: str
) -> None:
    monkeypatch.setattr("sys.argv", [started_as])
    command = json.loads(snippet("json", "--dir", str(tmp_path)))["mcpServers"]["workspace"]["command"]
    assert Path(command).is_absolute()
