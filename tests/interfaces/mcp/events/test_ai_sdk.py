"""A client that others have written subscribes, in JavaScript over https, to a real server."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from tests.authority import Authority
from tests.node import program
from tests.processes import Serving, run, serving
from workspace_server.core.subscriptions import NAMES


class Program:
    """The program of `tests/node/subscriber.mjs`, and what it tells."""

    def __init__(self, process: "Popen[str]") -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []

    def until(self, what: str) -> dict[str, Any]:
        """Return the next thing of that kind that it tells."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            assert said["what"] != "fault", said
            self.told.append(said)
            if said["what"] == what:
                return said
        raise AssertionError(f"it ended before {what}: {self.told}")

    def ends(self) -> int:
        """Return its exit code."""
        return self._process.wait(timeout=program.ENDS_S)


@contextmanager
def subscriber(server: Serving, authority: Authority) -> Iterator[Program]:
    command = program.command("subscriber.mjs", f"{server.url}/mcp", *map(str, authority.files()))
    with Popen(command, env={}, stdout=PIPE, text=True) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def save(server: Serving, path: str) -> None:
    url = f"{server.url}/api/v1/files/{path}"
    request = urllib.request.Request(url, data=b"x", method="PUT", headers={"X-Agent": "ann"})
    with urllib.request.urlopen(request, timeout=program.ENDS_S) as answer:
        assert answer.status == 201


def told(*arguments: str | Path) -> str:
    """Return what a command of the operator's prints."""
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_ai_sdk_lists_subscribes_proves_itself_and_hears_of_events_and_of_the_end(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    folder = tmp_path / "workspace"
    settings = folder / ".workspace" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[webhooks]\nca_file = "{authority.ca_file}"\n')
    with serving(folder, "--allow-loopback-webhooks") as server, subscriber(server, authority) as client:
        assert client.until("listed")["names"] == list(NAMES)
        granted = client.until("subscribed")
        assert [said["what"] for said in client.told].count("challenged") == 1
        assert client.until("refreshed")["id"] == granted["id"]
        assert client.until("ready")["subscriptions"] == 1

        save(server, "elsewhere/a.md")
        save(server, "research/a.md")
        heard = client.until("event")
        assert heard["subscription"] == granted["id"]
        assert heard["event"]["data"]["path"] == "research/a.md"
        assert heard["event"]["data"]["agent"] == "ann"

        [_, listed] = told("subscriptions", "--dir", folder).splitlines()
        assert listed.split()[:3] == [granted["id"], "node-client", "file.created"]
        assert "ended" in told("subscriptions", "--end", granted["id"], "--dir", folder)
        assert client.until("terminated")["error"]["code"] == -32012
        assert client.ends() == 0
