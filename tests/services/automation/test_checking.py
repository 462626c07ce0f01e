"""Versions that do not count until they pass the operator's checks."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.automation.acting import ANN, claim, inputs, reopened, save, watch
from workspace_server.config import Settings
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

CHECKS: dict[str, Any] = {
    "report": {"headings": ["Summary"], "no_todo": True},
    "sourced": {"sources_min": 1},
    "invoice": {"schema": {"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}}},
    "foreign": {"schema": {"$ref": "https://example.com/schema.json"}},
}


@pytest.fixture
async def engine(folder: Path, clock: ManualClock) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings(checks=CHECKS), clock=clock) as opened:
        yield opened


async def test_a_version_that_fails_does_not_count_and_its_writer_is_told(engine: Engine) -> None:
    await watch(engine, ["report.md"], checks=["report", "sourced"])
    answer = await save(engine, "report.md", "# Report\n\nTODO\n")
    failures = [
        "report: has no heading 'Summary'",
        "report: has a TODO on line 3",
        "sourced: names 0 sources of at least 1",
    ]
    assert answer["warnings"] == [{"failed_checks": [{"trigger": "editor", "path": "report.md", "failures": failures}]}]
    assert await claim(engine) is None
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    assert shown["failed_checks"] == [{"path": "report.md", "failures": failures}]
    await save(engine, "plan.md", "plan")
    answer = await save(engine, "report.md", "# Summary\n\nDone.\n", sources=[{"path": "plan.md", "version": 1}])
    assert "warnings" not in answer
    assert await inputs(engine) == ["report.md@2"]
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    assert "failed_checks" not in shown


async def test_an_edit_is_told_as_well(engine: Engine) -> None:
    await save(engine, "report.md", "# Summary\n")
    await watch(engine, ["report.md"], checks=["report"])
    edits = [{"old_text": "Summary", "new_text": "End"}]
    answer = await engine.files.edit_file(ANN, path="report.md", edits=edits)
    assert answer["warnings"][0]["failed_checks"][0]["failures"] == ["report: has no heading 'Summary'"]


async def test_a_version_that_fails_takes_the_good_one_before_it_away(engine: Engine) -> None:
    await watch(engine, ["a.md", "b.md"], mode="all", checks=["report"])
    await save(engine, "a.md", "# Summary\n")
    await save(engine, "a.md", "# Nothing\n")
    await save(engine, "b.md", "# Summary\n")
    assert await claim(engine) is None
    (shown,) = (await engine.triggers.list_triggers(ANN))["triggers"]
    assert shown["keys"][0]["missing"] == [
        {"path": "a.md", "reason": "checks", "failures": ["report: has no heading 'Summary'"]}
    ]
    await save(engine, "a.md", "# Summary\n\nBetter.\n")
    assert await inputs(engine) == ["a.md@3", "b.md@1"]


async def test_content_must_fit_its_schema(engine: Engine) -> None:
    await watch(engine, ["in/*.json"], mode="count", count=1, checks=["invoice"])
    for text, failure in (
        ("{", "invoice: is not JSON"),
        ("{}", "invoice: $ 'total' is a required property"),
        ('{"total": "much"}', "invoice: $.total 'much' is not of type 'number'"),
        ("[" * 100_000, "invoice: is not JSON"),
    ):
        answer = await save(engine, "in/a.json", text)
        assert answer["warnings"][0]["failed_checks"][0]["failures"][0].startswith(failure)
    await save(engine, "in/a.json", '{"total": 3}')
    assert await inputs(engine) == ["in/a.json@5"]


async def test_no_schema_is_ever_fetched(engine: Engine) -> None:
    await watch(engine, ["a.json"], checks=["foreign"])
    answer = await save(engine, "a.json", "{}")
    assert "cannot be held against its schema" in answer["warnings"][0]["failed_checks"][0]["failures"][0]


async def test_a_file_too_large_to_be_looked_at_fails(engine: Engine) -> None:
    await watch(engine, ["a.md"], checks=["report"])
    answer = await save(engine, "a.md", "# Summary\n" * 110_000)
    assert f"{LIMITS.check_bytes_max} are checked" in answer["warnings"][0]["failed_checks"][0]["failures"][0]


async def test_a_check_that_the_config_names_no_more_is_failed(folder: Path, clock: ManualClock) -> None:
    async with reopened(folder, clock, Settings(checks=CHECKS)) as engine:
        await watch(engine, ["a.md"], checks=["report"])
    async with reopened(folder, clock) as engine:
        answer = await save(engine, "a.md", "# Summary\n")
        assert answer["warnings"][0]["failed_checks"][0]["failures"] == ["report: is no check of this server any more"]


async def test_a_check_that_is_not_named_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await watch(engine, ["a.md"], checks=["reprot"])
    assert refused.value.facts["argument"] == "checks"
    assert "report" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("table", "reason"),
    [({"no_todo": 1}, "no_todo must be true or false"), ({"schema": {"type": 7}}, "7 is not valid")],
)
async def test_a_malformed_check_keeps_the_server_from_starting(
    folder: Path, clock: ManualClock, table: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        async with reopened(folder, clock, Settings(checks={"bad": table})):
            pass
    assert refused.value.facts["argument"] == "checks.bad"
    assert reason in str(refused.value.facts["reason"])
