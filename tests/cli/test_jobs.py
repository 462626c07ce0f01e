"""`jobs`: what a person sees of queues, jobs and their logs."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Serving, serving
from workspace_server.cli import commands
from workspace_server.cli.api import Address, Api

Told = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with a job that failed, one that is being done and one that waits."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        api = Api(lambda: Address(url=running.url), agent="ada")
        for instructions in (
            "Edit the draft, shorten it, and see to it that all its numbers are right.",
            "two",
            "three",
        ):
            api.post("/queues/editing:add", {"instructions": instructions})
        for attempt, text in ((1, "starting\x1b[31m\nfailed\n"), (1, "so far")):
            job = api.post("/queues/editing:claim")["job"]["job"]
            api.post(f"/jobs/{job}:log", {"attempt": attempt, "text": text})
        api.post("/jobs/J1:finish", {"outcome": "failed"})
        yield running


@pytest.fixture
def told(server: Serving, capsys: pytest.CaptureFixture[str]) -> Told:
    def tell(*arguments: str | Path, exit_code: int = 0) -> str:
        assert commands.run(["jobs", *map(str, arguments), "--url", server.url]) == exit_code
        return capsys.readouterr().out

    return tell


def read(text: str) -> Any:
    return json.loads(text)


def test_jobs_are_listed_newest_first_with_who_has_them_and_what_they_are_about(told: Told) -> None:
    head, third, second, first = told().splitlines()
    assert head.split() == ["JOB", "QUEUE", "STATE", "AGENT", "ATTEMPT", "SINCE", "NOTE"]
    assert third.split()[:5] == ["J3", "editing", "queued", "-", "0"]
    assert second.split()[:5] == ["J2", "editing", "claimed", "ada", "1"]
    assert first.endswith("Edit the draft, shorten it, and see to it that all its numb…")
    assert told("--state", "dead") == "no jobs\n"
    assert [job["job"] for job in read(told("--queue", "editing", "--by", "ada", "--json"))["jobs"]] == ["J2", "J1"]


def test_the_queues_are_shown_with_their_counts(told: Told) -> None:
    head, row = told("--queues").splitlines()
    assert head.startswith("QUEUE    QUEUED  CLAIMED  BLOCKED  DONE  FAILED")
    assert row.split()[:7] == ["editing", "1", "1", "0", "0", "1", "0"]
    assert read(told("--queues", "--json"))["queues"][0]["claimed"] == 1


def test_the_log_of_a_job_is_printed_without_what_could_steer_the_terminal(told: Told) -> None:
    assert told("J1", "--log") == "starting\ufffd[31m\nfailed\n\n"
    assert told("J2", "--log") == "so far\n", "also while it runs"
    assert read(told("J2", "--log", "--attempt", "1", "--json"))["log"] == "so far"
    assert told("J3", "--log", exit_code=3) == ""


def test_all_about_one_job_is_shown(told: Told) -> None:
    assert "instructions  Edit the draft, shorten it, and see to it that all its numbers are right." in told("J1")
    assert read(told("J1", "--json"))["logs"] == [1]


def test_a_failed_job_is_put_back(told: Told) -> None:
    assert told("J1", "--revive") == "J1: queued\n"
    assert told("J1", "--revive", exit_code=2) == ""


def test_a_job_is_given_up_with_a_word_why(server: Serving, told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(["jobs", "J3", "--cancel", "--note", "not wanted", "--dir", str(server.folder)]) == 0
    assert capsys.readouterr().out == "J3: failed\n"
    shown = read(told("J3", "--json"))
    assert (shown["state"], shown["note"]) == ("failed", "not wanted")


def test_what_is_asked_of_one_job_needs_its_name(told: Told) -> None:
    for option in ("--log", "--revive", "--cancel"):
        assert told(option, exit_code=2) == ""
