"""No answer is larger than its budget, whatever stands in the files."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.conflicts import conflicts_among
from indexer.model import Fact, LiveFact
from workspace_server.config import Settings
from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine
from workspace_server.services.index import facts
from workspace_server.services.index.facts import Findings

pytestmark = pytest.mark.anyio

RITA = Caller(agent="rita")
PIECES = [
    "a",
    "1 MB",
    ": ",
    "|",
    "\n- ",
    "**",
    "`",
    '"',
    "\\",
    "<b>",
    "&",
    "é",
    "東京",
    "😀",
    "\u202e",
    "\x1b",
    "\t",
    "\u2028",
    "€40",
]
NASTY = st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map("".join)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(["relay limit", "東京 €40", '"limit" a* -b', 'back\\slash "quoted', "größe of relay"]),
        "subject": st.just("relay"),
        "kind": st.sampled_from(["field", "heading", "quantity"]),
        "path": st.sampled_from(["é1/", "é*/a.md", "é2/a.md"]),
        "detail": st.sampled_from(["brief", "full"]),
        "as_of_seq": st.integers(0, 8),
        "limit": st.integers(1, 100),
    },
)
BUDGETS = st.one_of(st.integers(LIMITS.tokens_min, 400), st.integers(400, 3_000))


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        for number in range(6):
            nasty = "".join(itertools.islice(itertools.cycle(PIECES), number, number + 60))
            content = (
                f'# relay "\x1b{number}\n\n- Limit: {number} MB\n- Größe 東京: "{number}\\€\n\n## {nasty}\n{nasty}\n'
            )
            saved = await engine.files.write_file(RITA, path=f"é{number}/a.md", content=content)
        await engine.search.search(RITA, query="relay", min_seq=saved["seq"])
        yield engine


def fits(result: object, max_tokens: int) -> bool:
    return tokens.of_bytes(tokens.bytes_of(result)) <= max_tokens


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=ASKED, max_tokens=BUDGETS)
async def test_every_answer_fits_its_budget(engine: Engine, asked: dict[str, Any], max_tokens: int) -> None:
    query = asked.get("query", "relay")
    answers = [
        await engine.search.query_facts(RITA, max_tokens=max_tokens, **asked),
        await engine.search.search(RITA, query=query, max_tokens=max_tokens),
        await engine.search.search(RITA, query="a", mode="exact", max_tokens=max_tokens),
    ]
    try:
        answers.append(await engine.search.describe_file(RITA, path="é1/a.md", max_tokens=max_tokens))
    except InvalidArgument:  # only a budget that does not hold the file's name
        assert max_tokens < 100

    assert all(fits(answer, max_tokens) for answer in answers)


@given(said=st.lists(st.tuples(NASTY, NASTY, NASTY), min_size=1, max_size=12), max_tokens=BUDGETS)
@settings(deadline=None)
def test_facts_of_any_text_fit_their_budget(said: list[tuple[str, str, str]], max_tokens: int) -> None:
    found = [
        LiveFact(
            fact=Fact(
                kind="field", subject=subject, key=key, value=value, normal=str(number), quote=f"{key}: {value}",
                start=0, end=1, start_line=1, end_line=1,
            ),
            path=f"{subject}/{number}.md", version=1, seq=1, agent="rita", at_s=0.0,
        )
        for subject, key, value in said
        for number in range(2)
    ]  # fmt: skip
    findings = Findings(found, conflicts_among(found))

    for detail in ("brief", "full"):
        result: dict[str, Any] = {"facts": [], "conflicts": [], "passages": [], "indexed_seq": 1, "complete": True}
        budget = facts.fill(result, findings, detail, max_tokens)
        assert fits(result, max_tokens)
        assert max_tokens * tokens.BYTES_PER_TOKEN - tokens.bytes_of(result) >= budget.left_bytes >= 0
