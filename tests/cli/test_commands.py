"""The commands against a folder that is served: what a person sees, what a program gets, how a script is told."""

import json
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.processes import PROGRAM, Serving, clean_environment, run, serving
from workspace_server.app import owner
from workspace_server.cli.dry_run import LINES_MAX


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all tests that only look; each works on files of its own."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


def call(server: Serving, *arguments: str, agent: str = "ada") -> dict[str, Any]:
    done = run("call", *arguments, "--agent", agent, "--dir", server.folder)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def told(server: Serving, *arguments: str) -> str:
    done = run(*arguments, "--dir", server.folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_call_prints_what_a_tool_answers_as_json(server: Serving) -> None:
    written = call(server, "write_file", "path=call/a.md", "content=12")
    assert (written["path"], written["version"]) == ("call/a.md", 1)
    read = call(server, "read_file", "path=call/a.md")
    assert (read["text"], read["modified_by"]) == ("12", "ada")


def test_call_takes_content_from_a_file_and_from_standard_input(server: Serving, tmp_path: Path) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text("# Draft\n")
    call(server, "write_file", "path=call/file.md", f"content=@{draft}")
    run("call", "write_file", "path=call/stdin.md", "content=@-", "--dir", server.folder, input="piped\n")
    assert (server.folder / "call/file.md").read_text() == "# Draft\n"
    assert (server.folder / "call/stdin.md").read_text() == "piped\n"


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["read_file", "path=nowhere.md"], "not_found", 3),
        (["read_file", "path=../etc/passwd"], "invalid_path", 2),
        (["read_file", "frob=1"], "invalid_argument", 2),
        (["frobnicate"], "invalid_argument", 2),
        (["unlock_files", "lock=L1-aaaa"], "lock_lost", 5),
    ],
)
def test_call_ends_with_an_exit_code_by_the_kind_of_refusal(
    server: Serving, arguments: list[str], code: str, exit_code: int
) -> None:
    done = run("call", *arguments, "--dir", server.folder)
    assert (json.loads(done.stderr)["code"], done.returncode) == (code, exit_code)
    assert not done.stdout


def test_call_knows_what_a_misspelt_tool_may_mean(server: Serving) -> None:
    done = run("call", "wirte_file", "path=a.md", "--dir", server.folder)
    assert json.loads(done.stderr)["hint"] == "Did you mean write_file?"


def test_call_says_conflict_apart_from_locked(server: Serving) -> None:
    call(server, "write_file", "path=call/c.md", "content=one")
    assert run("call", "write_file", "path=call/c.md", "content=two", "--dir", server.folder).returncode == 4
    call(server, "lock_files", "paths=call/c.md", agent="bob")
    locked = run("call", "write_file", "path=call/c.md", "content=2", "expect_version=1", "--dir", server.folder)
    assert locked.returncode == 5


def test_status_says_how_the_workspace_is(server: Serving) -> None:
    status = json.loads(told(server, "status", "--json"))
    assert status["workspace"] == server.folder.name
    header = told(server, "status").splitlines()[0]
    assert server.url in header
    assert f"at seq {status['seq']}, " in header


def test_history_lists_versions_and_compares_them(server: Serving) -> None:
    call(server, "write_file", "path=history.md", "content=old\n", "message=the first")
    call(server, "write_file", "path=history.md", "content=new\n", "expect_version=1", agent="bob")
    said = told(server, "history", "history.md")
    assert "the first" in said
    assert "bob" in said
    assert [row["version"] for row in json.loads(told(server, "history", "history.md", "--json"))["versions"]] == [2, 1]
    assert "+new" in told(server, "history", "history.md", "--diff", "1", "2")
    assert "history.md@2" in told(server, "history", "history.md", "--blame")
    assert json.loads(told(server, "history", "history.md", "--blame", "--json"))["stretches"][0]["by"] == "bob"


def test_locks_shows_who_holds_what_and_why(server: Serving) -> None:
    call(server, "lock_files", "paths=locked/", "purpose=spring cleaning")
    said = told(server, "locks")
    assert "ada" in said
    assert "spring cleaning" in said
    assert any(lock["paths"] == ["locked/"] for lock in json.loads(told(server, "locks", "--json"))["locks"])


def test_a_person_breaks_a_lock_and_sees_who_waits(server: Serving) -> None:
    lock = call(server, "lock_files", "paths=held.md", "purpose=rewriting", agent="ann")["lock"]
    name = lock.partition("-")[0]
    with waiting_for(server, "held.md", agent="bob"):
        assert "bob" in told(server, "locks", "--path", "held.md")
    assert f"broken: {name}" in told(server, "locks", "--break", lock, "--note", "ann is away")
    late = run(
        "call", "write_file", "path=held.md", "content=x", f"lock={lock}", "--agent", "ann", "--dir", server.folder
    )
    assert (json.loads(late.stderr)["code"], json.loads(late.stderr)["reason"]) == ("lock_lost", "broken")
    again = run("locks", "--break", name, "--dir", server.folder)
    assert again.returncode == 3


def test_a_person_shares_a_file_by_a_link_and_revokes_it(server: Serving) -> None:
    call(server, "write_file", "path=shared.md", "content=hello")
    address, name = told(server, "links", "shared.md", "--version", "1", "--expires", "2d", "--note", "for bo").split()[
        :2
    ]
    assert "hello" in httpx2.get(address).text
    listed = told(server, "links")
    assert "for bo" in listed
    assert address not in listed
    assert [one["link"] for one in json.loads(told(server, "links", "--json"))["links"]] == [name.rstrip(",")]
    assert told(server, "links", "--revoke", name.rstrip(",")).strip() == f"{name.rstrip(',')}: revoked"
    assert httpx2.get(address).status_code == 410


@contextmanager
def waiting_for(server: Serving, path: str, *, agent: str) -> Iterator[None]:
    """Let an agent wait in line for a lock beside the block."""
    command = [*PROGRAM, "call", "lock_files", f"paths={path}", "wait_seconds=50", "--agent", agent]
    process = subprocess.Popen([*command, "--dir", str(server.folder)], env=clean_environment())
    try:
        while not json.loads(told(server, "locks", "--json"))["waiting"]:
            assert process.poll() is None
        yield
    finally:
        process.kill()
        process.wait()


def test_log_tells_events_in_their_order(server: Serving) -> None:
    first = call(server, "write_file", "path=log/a.md", "content=a")["seq"]
    call(server, "write_file", "path=log/b.md", "content=b")
    page = json.loads(
        told(server, "log", "--since", str(first - 1), "--path", "log/", "--types", "file.created", "--json")
    )
    assert [event["path"] for event in page["events"]] == ["log/a.md", "log/b.md"]
    assert "log/b.md@1" in told(server, "log", "--since", str(first))


def test_log_shows_as_many_lines_as_it_was_asked_for(server: Serving) -> None:
    for content in ("1", "2", "3"):
        call(server, "write_file", f"path=limit/{content}.md", f"content={content}")
    call(server, "wait_for", "files=limit/*.md", "indexed=true")
    said = told(server, "log", "--limit", "2", "--path", "limit/").splitlines()
    assert [line.split()[-1] for line in said] == ["limit/2.md@1", "limit/3.md@1"]
    assert "file.indexed" in told(server, "log", "--limit", "3", "--path", "limit/", "--types", "file.indexed")


def test_log_follows_until_interrupted(server: Serving) -> None:
    command = [*PROGRAM, "log", "--follow", "--path", "follow/", "--json", "--dir", str(server.folder)]
    following = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment())
    assert following.stdout is not None
    try:
        call(server, "write_file", "path=follow/a.md", "content=a")
        assert json.loads(following.stdout.readline())["path"] == "follow/a.md"
    finally:
        following.terminate()
        following.wait()
        following.stdout.close()


def test_search_and_facts_cite_what_they_found(server: Serving) -> None:
    call(server, "write_file", "path=facts/pump.md", "content=# Pump\n\nMaximum pressure: 8 bar\n")
    call(server, "wait_for", "files=facts/pump.md", "indexed=true")
    assert "facts/pump.md@1:3" in told(server, "search", "pressure", "--mode", "exact")
    assert "facts/pump.md@1:3" in told(server, "search", "pressure: \\d+ bar$", "--mode", "regex")
    assert "facts/pump.md@1:3" in told(server, "facts", "--subject", "Pump", "--key", "Maximum pressure")
    assert json.loads(told(server, "facts", "maximum pressure", "--json"))["facts"][0]["cite"] == "facts/pump.md@1:3"
    assert told(server, "search", "nothing like this", "--mode", "exact") == "no hits\n"


def test_search_tells_lines_heading_and_what_was_perhaps_meant(server: Serving) -> None:
    for name in ("plan", "relay"):
        call(server, "write_file", f"path=found/{name}.md", "content=# Turbine\n\nThe turbine hums.\nIt turns.\n")
    call(server, "wait_for", "files=found/*.md", "count=2", "mode=count", "indexed=true")

    hits = told(server, "search", "turbine", "--path", "found/").split("\n\n")
    assert len(hits) == 2
    assert {hit.splitlines()[0] for hit in hits} == {f"found/{name}.md@1:1-4  Turbine" for name in ("plan", "relay")}
    assert told(server, "search", "turbnie", "--path", "found/") == "no hits\ndid you mean: turbine\n"


def test_facts_names_contradictions(server: Serving) -> None:
    call(server, "write_file", "path=facts/one.md", "content=# Boiler\n\nHeight: 2 m\n")
    call(server, "write_file", "path=facts/two.md", "content=# Boiler\n\nHeight: 3 m\n")
    call(server, "wait_for", "files=facts/*.md", "indexed=true")
    assert "contradiction: Boiler" in told(server, "facts", "--subject", "Boiler")


def test_facts_dismisses_contradictions_and_looks_back(server: Serving) -> None:
    call(server, "write_file", "path=facts/three.md", "content=# Kettle\n\nHeight: 2 m\n")
    call(server, "write_file", "path=facts/four.md", "content=# Kettle\n\nHeight: 3 m\n")
    call(server, "wait_for", "files=facts/*.md", "indexed=true")
    assert "dismissed: Kettle · Height: " in told(server, "facts", "--subject", "Kettle", "--dismiss")
    assert "contradiction" not in told(server, "facts", "--subject", "Kettle")
    assert told(server, "facts", "--subject", "Kettle", "--as-of", "0") == "no facts\n"


def test_triggers_and_deliveries_are_shown(server: Serving) -> None:
    call(server, "create_trigger", "name=edit", "files=drafts/*.md", "queue=editing")
    assert "queue editing" in told(server, "triggers")
    assert json.loads(told(server, "triggers", "edit", "--json"))["trigger"] == "edit"
    assert "drafts/*.md" in told(server, "triggers", "edit")
    assert told(server, "deliveries") == "no deliveries\n"
    assert told(server, "deliveries", "--endpoints") == "no endpoints\n"
    assert told(server, "deliveries", "--redeliver-since", "2h") == "on their way again: 0\n"
    assert run("triggers", "nope", "--dir", server.folder).returncode == 3


def test_a_trigger_says_line_by_line_what_it_waits_for(server: Serving) -> None:
    call(server, "create_trigger", "name=pair", "files=pair/a.md", "files=pair/b.md", "queue=pair", "mode=all")
    assert "nothing waits" not in told(server, "triggers", "pair")
    call(server, "write_file", "path=pair/a.md", "content=a")
    heading, *rows = told(server, "triggers", "pair").splitlines()[-3:]
    assert heading.split() == ["KEY", "FILE", "FOR", "THE", "NEXT", "FIRING"]
    assert [" ".join(row.split()) for row in rows] == ["pair/a.md@1 in, by ada", "pair/b.md missing: absent"]
    call(server, "create_trigger", "name=crowd", "files=crowd/*", "queue=crowd", "mode=count", "count=2")
    assert told(server, "triggers", "crowd").splitlines()[-1].split(maxsplit=1)[-1] == "missing: count, have 0, need 2"
    call(server, "create_trigger", "name=single", "files=single/*", "queue=single")
    assert told(server, "triggers", "single").endswith("\nnothing waits for the next firing\n")
    for name in ("pair", "crowd", "single"):
        told(server, "triggers", name, "--delete")


def test_a_trigger_is_held_back_tried_and_deleted(server: Serving) -> None:
    call(server, "create_trigger", "name=held", "files=held/{topic}.md", "queue=held", "mode=all")
    call(server, "write_file", "path=held/cats.md", "content=cats")
    assert told(server, "log", "--types", "trigger.fired", "--path", "held/").endswith("held/cats.md  held\n")
    call(server, "write_file", "path=held/cats.md", "content=more cats", "overwrite=true")
    waits = told(server, "triggers", "held").splitlines()[-1]
    assert waits.split() == ["topic=cats", "held/cats.md@2", "in,", "by", waits.split()[-1]]

    assert told(server, "triggers", "held", "--pause", "--note", "a rest").strip() == "held: paused"
    assert "paused" in told(server, "triggers", "held")
    assert told(server, "log", "--types", "trigger.paused").endswith("held  a rest\n")
    assert told(server, "triggers", "held", "--resume").strip() == "held: active"
    assert told(server, "log", "--types", "trigger.resumed").splitlines()[-1].count("held") == 1
    tried = told(server, "triggers", "held", "--test")
    assert "topic=cats" in tried
    assert "held/cats.md@2" in tried
    assert json.loads(told(server, "triggers", "held", "--test", "--since-seq", "0", "--json"))["fired"] == 2
    assert told(server, "triggers", "held", "--delete").strip() == "held: deleted"
    assert "created" in told(server, "triggers", "--reload")
    assert run("triggers", "--pause", "--dir", server.folder).returncode == 2
    assert run("triggers", "held", "--reload", "--dir", server.folder).returncode == 2


def test_a_person_decides_in_the_terminal_what_an_agent_asks(server: Serving) -> None:
    assert told(server, "attention", "--kind", "approval") == "nothing needs a person\n"
    options = 'options={"approval": "Publish it?", "settle": "immediate"}'
    call(server, "create_trigger", "name=publish", "files=publish/{name}.md", options)
    for name in ("one", "two"):
        call(server, "write_file", f"path=publish/{name}.md", "content=1")
    call(server, "write_file", "path=publish/two.md", "content=2", "overwrite=true")
    two, one = json.loads(told(server, "attention", "--json"))["attention"]
    shown = told(server, "attention")
    assert "approve, deny  Publish it? (publish/one.md@1)" in shown
    assert "(publish/two.md@1) STALE: publish/two.md is at 2 now" in shown

    assert told(server, "deny", one["attention"], "--note", "no") == f"{one['attention']}: denied\n"
    assert run("approve", two["attention"], "--dir", server.folder).returncode == 4
    assert json.loads(told(server, "approve", two["attention"], "--stale", "--json"))["stale"] is True
    assert run("dismiss", one["attention"], "--dir", server.folder).returncode == 4
    assert run("retry", "A999", "--dir", server.folder).returncode == 3
    assert "denied by " in told(server, "attention", "--ended")


def test_verify_finds_nothing_on_a_sound_workspace(server: Serving) -> None:
    call(server, "write_file", "path=sound.md", "content=sound")
    assert told(server, "verify").startswith("No damage: checked the database, its history, ")


def test_list_names_the_servers_that_run(server: Serving) -> None:
    servers = json.loads(run("list", "--json").stdout)["servers"]
    assert {"folder": str(server.folder), "url": server.url, "kind": "serve", "pid": server.pid} in servers


def test_open_prints_the_address_of_the_web_view(server: Serving) -> None:
    assert told(server, "open", "--print").startswith(server.url)
    assert json.loads(told(server, "open", "--json"))["url"].startswith(server.url)


def test_a_server_may_be_named_by_its_address(server: Serving) -> None:
    done = run("status", "--json", "--url", server.url)
    assert json.loads(done.stdout)["workspace"] == server.folder.name


def test_commands_find_the_workspace_above_the_current_directory(server: Serving) -> None:
    below = server.folder / "some" / "where"
    below.mkdir(parents=True, exist_ok=True)
    assert json.loads(run("status", "--json", cwd=below).stdout)["workspace"] == server.folder.name


def test_a_folder_that_is_no_workspace_is_left_alone(tmp_path: Path) -> None:
    done = run("status", "--dir", tmp_path)
    assert done.returncode == 3
    assert "no workspace" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_away_is_named_without_a_traceback(tmp_path: Path) -> None:
    done = run("status", "--url", "http://127.0.0.1:1")
    assert done.returncode == 75
    assert "No server answers" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_background_owner_is_started_for_a_workspace_that_nobody_serves(folder: Path) -> None:
    with serving(folder):
        pass
    assert owner.current(folder) is None
    assert json.loads(run("status", "--json", "--dir", folder).stdout)["workspace"] == folder.name
    assert "background" in run("list").stdout
    assert run("stop", "--dir", folder).returncode == 0
    assert owner.current(folder) is None
    assert run("stop", "--dir", folder).returncode == 3


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Have somebody listen on *port*: a socket of ours, unless there is one already."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            pass
        yield


def test_serve_says_where_it_is_and_how_to_connect(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.md").write_text("a")
    (folder / "b.pyc").write_text("b")
    server = subprocess.Popen(
        [*PROGRAM, "serve", str(folder), "--port", "0"], stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    assert server.stdout is not None
    said = [server.stdout.readline() for _ in range(6)]
    server.terminate()
    rest = server.stdout.read()
    server.stdout.close()
    assert server.wait(timeout=30) == 0, rest
    assert str(folder) in said[0]
    assert "/mcp?agent=" in said[2]
    assert "claude mcp add" in said[3]
    assert said[5] == "  Files      1; left out: 1 ignored (`workspace-server status` names some)\n"


def test_serve_says_that_the_default_port_is_taken(folder: Path) -> None:
    with taken(8765):
        server = subprocess.Popen(
            [*PROGRAM, "serve", str(folder)], stdout=subprocess.PIPE, text=True, env=clean_environment()
        )
        assert server.stdout is not None
        said = server.stdout.readline()
        server.terminate()
        server.stdout.read()
        server.stdout.close()
        assert server.wait(timeout=30) == 0
    assert said.startswith("Port 8765 is taken by another server, using 87")


def test_a_folder_of_another_serve_is_refused_by_name(server: Serving) -> None:
    done = run("serve", server.folder, "--port", "0")
    assert done.returncode != 0
    assert str(server.pid) in done.stderr


def test_a_dry_run_shows_what_would_be_taken_in_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "b.js").write_text("b")
    (tmp_path / "link").symlink_to("a.md")
    (tmp_path / "A.md").write_text("A")
    done = json.loads(run("serve", tmp_path, "--dry-run", "--json").stdout)
    assert done["files"] == 1
    assert len(done["taken_in"]) == 1
    assert done["left_out"]["ignored"] == {"count": 1, "refused": False, "paths": ["node_modules"]}
    assert done["left_out"]["symlink"]["paths"] == ["link"]
    assert {*done["taken_in"], *done["left_out"]["case collision"]["paths"]} == {"a.md", "A.md"}
    said = run("serve", tmp_path, "--dry-run").stdout.splitlines()
    assert said[0] == "1 refused: case collision"
    assert said[2:6] == ["1 left out: ignored", "    node_modules", "1 left out: symlink", "    link"]
    assert said[6:] == ["1 file, 1 B, would be taken in", f"    {done['taken_in'][0]}"]
    assert not (tmp_path / ".workspace").exists()
    assert "would be made" in run("serve", tmp_path / "new", "--dry-run").stdout


def test_a_dry_run_shows_a_person_no_more_than_can_be_read(tmp_path: Path) -> None:
    for number in range(LINES_MAX + 2):
        (tmp_path / f"{number:04}.md").touch()
    (tmp_path / "x.pyc").touch()
    said = run("serve", tmp_path, "--dry-run").stdout.splitlines()
    assert said[:3] == ["1 left out: ignored", "    x.pyc", "1002 files, 0 B, would be taken in"]
    assert said[-2:] == ["    0998.md", "… and 3 more; --json lists them all"]
    assert len(json.loads(run("serve", tmp_path, "--dry-run", "--json").stdout)["taken_in"]) == LINES_MAX + 2


def test_config_names_every_setting_its_value_and_its_origin(tmp_path: Path) -> None:
    (tmp_path / ".workspace").mkdir()
    (tmp_path / ".workspace" / "config.toml").write_text('name = "lab"\n')
    rows = {row["name"]: row for row in json.loads(run("config", "--json", "--dir", tmp_path).stdout)}
    assert (rows["name"]["value"], rows["name"]["origin"]) == ("lab", "file")
    said = run("config", "--dir", tmp_path).stdout
    assert 'name = "lab"  # file' in said
    values = tomllib.loads(said)
    assert values["webhooks"]["allow_loopback"] is False
    assert values["ignore"] == rows["ignore"]["value"]
    assert "public_url" not in values


def test_config_says_of_a_secret_only_that_it_is_set(tmp_path: Path) -> None:
    env = {**clean_environment(), "WORKSPACE_SERVER_MODELS_API_KEY": "sk-hush"}
    command = [*PROGRAM, "config", "--dir", str(tmp_path)]
    said, told = (
        subprocess.run([*command, *more], env=env, capture_output=True, text=True, timeout=60, check=True).stdout
        for more in ((), ("--json",))
    )
    assert "# models.api_key is set  # environment" in said
    [row] = [row for row in json.loads(told) if row["name"] == "models.api_key"]
    assert (row["value"], row["origin"]) == ("(set)", "environment")
    assert "hush" not in said + told


def test_a_wrong_setting_ends_the_command_by_name(tmp_path: Path) -> None:
    (tmp_path / ".workspace").mkdir()
    (tmp_path / ".workspace" / "config.toml").write_text("prot = 1\n")
    done = run("serve", tmp_path, "--port", "0")
    assert done.returncode == 2
    assert "prot" in done.stderr
    assert "port" in done.stderr


def test_help_names_every_command() -> None:
    said = run("--help").stdout
    for command in ("serve", "stdio", "demo", "work", "call", "verify", "client-config"):
        assert command in said
    assert "MCP over standard input" in run("stdio", "--help").stdout


def test_an_unknown_command_is_a_usage_error() -> None:
    assert run("frobnicate").returncode == 2
