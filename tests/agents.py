"""Agents as clients start them: one `stdio` process each, spoken to in lines."""

import contextlib
import json
import subprocess
import threading
from pathlib import Path
from queue import Queue
from typing import Any, Self

from tests.processes import PROGRAM, clean_environment

ANSWER_S = 60.0
HANDSHAKE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "Test Client", "version": "1"}}


class Agent:
    """One `stdio` process; use as a context manager."""

    def __init__(self, folder: Path, *flags: str) -> None:
        command = [*PROGRAM, "stdio", str(folder), *flags]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=clean_environment())
        self.notices: list[dict[str, Any]] = []
        self._answers: dict[int, Queue[dict[str, Any]]] = {}
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def __enter__(self) -> Self:
        self.answer(self.ask("initialize", HANDSHAKE))
        self.say("notifications/initialized")
        return self

    def __exit__(self, *_: object) -> None:
        assert self.end() == 0

    def end(self) -> int:
        """Close its input, as a client does, and return its exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(timeout=ANSWER_S)
        self._reading.join()
        self.process.stdout.close()
        return code

    def ask(self, method: str, params: dict[str, Any], *, number: int | None = None) -> int:
        """Send a request and return its number, which is a new one unless *number* is given."""
        number = number or len(self._answers) + 1
        self._answers[number] = Queue()
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    def answer(self, number: int) -> dict[str, Any]:
        """Return the answer to a request."""
        return self._answers[number].get(timeout=ANSWER_S)

    def say(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params or {}})

    def begin(self, tool: str, **arguments: Any) -> int:
        """Begin a call and return its number."""
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def finish(self, number: int) -> dict[str, Any]:
        """Return what a call gave: its result, or the refusal."""
        result = self.answer(number)["result"]
        return result.get("structuredContent") or json.loads(result["content"][0]["text"])

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool."""
        return self.finish(self.begin(tool, **arguments))

    def read(self, path: str) -> str:
        """Return the text of a file."""
        return self.answer(self.begin("read_file", path=path, max_tokens=200_000))["result"]["content"][1]["text"]

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)  # nothing but protocol stands on stdout
            if "method" in message:
                self.notices.append(message)
            else:
                self._answers[message["id"]].put(message)
