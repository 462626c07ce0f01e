"""The Analyst's door: receives the webhook of the join, believes only what is signed, and starts the Analyst.

Prints the port on which it listens, then a line per request.
"""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from standardwebhooks import Webhook, WebhookVerificationError

from workspace_server.demo.agents.telling import tell

ANALYST = [sys.executable, "-m", "workspace_server.demo.agents.analyst"]


class Door(BaseHTTPRequestHandler):
    """Answers at once and works afterwards: a sender should not wait for an agent."""

    seen: set[str] = set()  # noqa: RUF012  # shared by all requests on purpose
    lock = Lock()

    def do_POST(self) -> None:
        """Take one delivery."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        identity = self.headers.get("webhook-id", "")
        if not self._is_signed(body):
            tell(refused=identity)
            self._answer(401)
            return
        with self.lock:  # delivered at least once: the id tells a repetition
            repeated = identity in self.seen
            self.seen.add(identity)
        self._answer(204)
        tell(accepted=identity, repeated=repeated, inputs=len(json.loads(body)["data"]["inputs"]))
        if not repeated:
            done = subprocess.run(ANALYST, input=body, check=False, capture_output=True)  # noqa: S603  # our own
            tell(analyst=done.returncode, said=(done.stdout + done.stderr).decode())

    def _is_signed(self, body: bytes) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            Webhook(os.environ["DEMO_WEBHOOK_SECRET"]).verify(body, headers)
        except (WebhookVerificationError, ValueError):
            return False
        return True

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Say nothing on standard error."""


def main() -> None:
    """Listen until killed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    tell(port=server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
