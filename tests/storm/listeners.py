"""Who is set off by a storm: a receiver of webhooks that fails at times, and a worker that claims jobs."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.storm.doors import Mcp, NoAnswerError, RefusedError


class Receiver:
    """A receiver on loopback; use as a context manager.

    Args:
        failures: How many deliveries it fails at first: each holds back those behind it for some seconds.
    """

    def __init__(self, failures: int) -> None:
        self.received: list[tuple[str, str]] = []
        self.failed: Counter[str] = Counter()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                number = self.headers["webhook-id"]
                fails = sum(receiver.failed.values()) < failures and not receiver.failed[number]
                receiver.failed[number] += fails
                if not fails:
                    receiver.received.append((number, body["data"].get("firing", "")))  # a test has none
                self.send_response(500 if fails else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Worker:
    """Claims jobs and finishes them, until told to stop; use as a context manager."""

    def __init__(self, url: str, queue: str) -> None:
        self.worked: list[tuple[str, str]] = []
        self._door = Mcp(url, "worker")
        self._queue = queue
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._count = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._door.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            job = self._ask("claim_job", queue=self._queue).get("job")
            if job is None:
                self._stop.wait(0.1)
                continue
            self.worked.append((job["job"], job["cause"]))
            self._ask("finish_job", job=job["job"])

    def _ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call until there is an answer; a job that was taken away meanwhile is claimed again by somebody."""
        self._count += 1
        while not self._stop.is_set():
            try:
                return self._door.change(tool, arguments, f"worker:{self._count}")
            except NoAnswerError:
                self._stop.wait(0.1)
            except RefusedError as refusal:
                if refusal.code != "job_lost":
                    raise
                break
        return {}
