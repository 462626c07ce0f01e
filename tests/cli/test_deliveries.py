"""Webhooks from a terminal: what was sent, whether a receiver is there, and what to send again."""

import json
from pathlib import Path

from tests.processes import run, serving
from tests.storm.listeners import Receiver


def test_a_webhook_is_tried_and_sent_again_from_a_terminal(tmp_path: Path) -> None:
    with serving(tmp_path, "--allow-loopback-webhooks"), Receiver(failures=1) as receiver:

        def told(*arguments: str) -> str:
            done = run(*arguments, "--dir", tmp_path)
            assert done.returncode == 0, done.stderr
            return done.stdout

        told("call", "create_trigger", "name=hook", "files=hooked.md", f"url={receiver.url}")
        failed = run("deliveries", "--test", "hook", "--dir", tmp_path)
        assert failed.returncode == 1
        assert "HTTP 500" in failed.stdout
        arrived = json.loads(told("deliveries", "--test", "hook", "--json"))
        assert (arrived["state"], arrived["kind"]) == ("delivered", "test")
        listed = told("deliveries", "--trigger", "hook")
        assert arrived["delivery"] in listed
        assert "dead" in listed
        assert json.loads(told("deliveries", "--state", "dead", "--json"))["deliveries"][0]["reason"] == "HTTP 500"
        assert "204" in told("deliveries", "--show", arrived["delivery"])
        assert "active" in told("deliveries", "--endpoints")
        assert json.loads(told("deliveries", "--endpoints", "--json"))["endpoints"][0]["dead"] == 1
        assert "paused" in told("deliveries", "--pause", arrived["endpoint"])
        assert "active" in told("deliveries", "--resume", arrived["endpoint"])
        assert "active" in told("deliveries", "--enable", arrived["endpoint"])
        assert "pending" in told("deliveries", "--redeliver", arrived["delivery"])
        assert "whsec_" in told("deliveries", "--rotate-secret", "hook")
        both = run("deliveries", "--endpoints", "--test", "hook", "--dir", tmp_path)
        assert "one thing at a time" in both.stderr
