"""The page for operators, and the files beside it: what they say can be done as they say it."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from tests.processes import Serving, run, serving
from tests.project.tree import ROOT
from workspace_server.app import owner
from workspace_server.cli import commands

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNIT = ROOT / "docs" / "deploy" / "workspace-server.service"
ALERTS = yaml.safe_load((ROOT / "docs" / "deploy" / "alerts.yml").read_text(encoding="utf-8"))
CONTAINER = (ROOT / "Containerfile").read_text(encoding="utf-8")
METRIC = re.compile(r"\bworkspace_[a-z0-9_]+\b")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("srv") / "workspace") as running:
        yield running


def told(server: Serving, method: str, path: str, body: bytes | None = None) -> str:
    """Return what the server answers its owner."""
    record = owner.current(server.folder)
    assert record is not None
    asked = urllib.request.Request(f"{server.url}{path}", body, {"X-Admin-Key": record.admin_key}, method=method)
    with urllib.request.urlopen(asked) as answer:
        return str(answer.read().decode())


def test_every_metric_to_watch_is_one_that_the_server_tells(server: Serving) -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    table = PAGE.split("## What to watch")[1].split("\n## ")[0]
    told(server, "PUT", "/api/v1/files/a.md?overwrite=true", b"a")
    exposed = set(METRIC.findall(told(server, "GET", "/metrics")))
    described = json.loads(told(server, "GET", "/api/v1/openapi.json"))["paths"].values()

    assert set(METRIC.findall(table)) - exposed == set()
    assert {name for rule in rules for name in METRIC.findall(rule["expr"])} - exposed == set()
    assert all(rule["annotations"]["summary"] for rule in rules)
    named = [
        one for rule in rules for found in re.findall(r'operation=~"([^"]*)"', rule["expr"]) for one in found.split("|")
    ]
    assert named
    assert set(named) - {entry["operationId"] for path in described for entry in path.values()} == set()


def test_every_command_that_is_shown_does_what_it_should(server: Serving, tmp_path: Path) -> None:
    shown = re.findall(r"^\$ workspace-server (.*)$", PAGE, re.MULTILINE)
    assert len(shown) > 10
    assert shown[-1].startswith("stop")
    for line in shown:
        given = line.replace("/srv/workspace", str(server.folder)).replace("/srv/tried", str(tmp_path / "tried"))
        given = given.replace("/var/backups", str(tmp_path))
        if "TOKEN_ID" in given:
            listed = run("token", "list", "--dir", server.folder).stdout
            given = given.replace("TOKEN_ID", re.findall(r"\b[0-9a-f]{12}\b", listed)[0])
        done = run(*shlex.split(given))
        assert done.returncode == 0, (line, done.stdout, done.stderr)


def test_every_command_that_is_named_is_there_with_its_options() -> None:
    context = click.Context(commands.commands)
    named = re.findall(r"workspace-server ((?:[a-z]+)(?: [^`\n]*)?)", "\n".join(re.findall(r"`([^`\n]*)`", PAGE)))
    assert named
    for line in named:
        words = line.split()
        command = commands.commands.get_command(context, words[0])
        assert command is not None, line
        known = {option for one in command.params for option in one.opts}
        assert {word for word in words if word.startswith("--")} - known == set(), line


def test_the_unit_is_sound_and_lets_the_server_change_its_folder_only(tmp_path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names are told apart by case
    unit.read(UNIT)
    service = unit["Service"]
    program, *arguments = service["ExecStart"].split()

    assert program.endswith("/bin/workspace-server")
    assert arguments == ["serve", service["ReadWritePaths"]]
    assert service["User"] != "root"
    assert (service["ProtectSystem"], service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == (
        "strict",
        "yes",
        "",
    )
    assert int(service["LimitNOFILE"]) > 10_000
    assert "landlock_restrict_self" in UNIT.read_text()
    if (analyze := shutil.which("systemd-analyze")) is not None:
        # Systemd itself, with a program that is there on every machine.
        copy = tmp_path / UNIT.name
        copy.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT.read_text()))
        done = subprocess.run([analyze, "verify", "--man=no", str(copy)], check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_container_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    users = re.findall(r"^USER (\S+)", CONTAINER, re.MULTILINE)
    assert users
    assert users[-1].split(":")[0] not in {"0", "root"}
    assert re.search(r"^VOLUME /srv/workspace$", CONTAINER, re.MULTILINE)
    assert "/healthz" in CONTAINER.split("HEALTHCHECK")[1]
    assert "--require-hashes" in CONTAINER
    assert not re.search(r"^(?:ARG|ENV).*(?:TOKEN|SECRET|KEY|PASSWORD)", CONTAINER, re.MULTILINE | re.IGNORECASE)


def test_all_that_the_container_is_made_from_is_there_and_let_in() -> None:
    copied = [line.split()[1:-1] for line in re.findall(r"^COPY (?!--from).*", CONTAINER, re.MULTILINE)]
    allowed = re.findall(r"^!(\S+)", (ROOT / ".containerignore").read_text(), re.MULTILINE)
    names = [name for names in copied for name in names]

    assert sorted(names) == sorted(allowed)
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_container_starts_a_server_with_options_that_there_are() -> None:
    command = yaml.safe_load(re.findall(r"^CMD (\[.*\])$", CONTAINER, re.MULTILINE)[0])
    serve = commands.commands.get_command(click.Context(commands.commands), command[0])
    assert serve is not None
    assert serve.make_context("serve", command[1:]).params["host"] == "0.0.0.0"  # noqa: S104 - read, not bound
