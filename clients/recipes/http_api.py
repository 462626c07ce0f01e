"""The few lines of HTTP that the recipes in Python share: copy this file beside the one that you use."""

import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote


class Refused(Exception):  # what the server says is in the past
    """The server has refused a call; `code` says why, and the message what to do."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{error['message']} {error.get('hint') or ''}".strip())
        self.status = status
        self.code = error["code"]


class Api:
    """A workspace over HTTP.

    Args:
        url: Its address, such as `http://127.0.0.1:8765`.
        agent: The name under which calls are recorded.

    Where the server asks for a token, it is taken from `WORKSPACE_TOKEN` in the environment.
    """

    def __init__(self, url: str, agent: str) -> None:
        self._base = f"{url.rstrip('/')}/api/v1"
        self._headers = {"X-Agent": agent, "Content-Type": "application/json"}
        if token := os.environ.get("WORKSPACE_TOKEN"):
            self._headers["Authorization"] = f"Bearer {token}"

    def version(self, path: str) -> int:
        """Return the version that stands at *path*; 0 when there is no file."""
        try:
            with self._open("HEAD", f"/files/{quote(path)}", None) as response:
                return int(response.headers["ETag"].strip('"'))
        except Refused as refused:
            if refused.status in {404, 410}:
                return 0
            raise

    def claim(self, queue: str, *, wait_seconds: int, visibility_seconds: int) -> dict[str, Any] | None:
        """Return a job of *queue* that is this agent's for so long; None when none came in time."""
        wanted = {"wait_seconds": wait_seconds, "visibility_seconds": visibility_seconds}
        job: dict[str, Any] | None = self._post(f"/queues/{quote(queue)}:claim", wanted).get("job")
        return job

    def finish(self, job: str, outcome: str, note: str | None = None) -> str:
        """Say how a job went: `done`, `retry` or `failed`; return its state."""
        given = {"outcome": outcome} | ({} if note is None else {"note": note})
        return str(self._post(f"/jobs/{job}:finish", given)["state"])

    def read(self, path: str, version: int) -> str:
        """Return the text of one version of a file."""
        with self._open("GET", f"/files/{quote(path)}?version={version}", None) as response:
            return str(response.read().decode())

    def _post(self, target: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._open("POST", target, json.dumps(body).encode()) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def _open(self, method: str, target: str, body: bytes | None) -> Any:
        request = urllib.request.Request(self._base + target, data=body, headers=self._headers, method=method)  # noqa: S310
        try:
            return urllib.request.urlopen(request, timeout=90)  # noqa: S310  # the address is the operator's own
        except urllib.error.HTTPError as error:
            said = error.read()
            told = json.loads(said)["error"] if said else {"code": "unavailable", "message": f"HTTP {error.code}."}
            raise Refused(error.code, told) from None
