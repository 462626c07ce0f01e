"""What it costs an agent to find things out: facts, against whole files, against grep with slices around the hits."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from workspace_client import Workspace

from workspace_server.demo.agents.packages import FILES, SUBJECTS, installed

SLICE_LINES = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that can be asked of one package, and the answer that its metadata gives."""

    subject: str
    key: str
    gold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one way of asking cost for all questions together, and how many answers were in what came back."""

    way: str
    tokens: int
    answered: int


def questions() -> list[Question]:
    """Return the questions of the comparison, with answers that come from the metadata and not from the workspace."""
    asked = []
    for subject in SUBJECTS:
        package = installed(subject)
        asked += [
            Question(subject=subject, key="Requires Python", gold=package.requires_python),
            Question(subject=subject, key="Dependencies", gold=str(len(package.needed))),
            Question(subject=subject, key="Licence", gold=package.licence),
            Question(subject=subject, key="Purpose", gold=package.summary),
        ]
    return asked


async def measure(workspace: Workspace) -> list[Cost]:
    """Ask every question in each of the three ways."""
    ways: tuple[tuple[str, Callable[[Workspace, Question], Awaitable[str]]], ...] = (
        ("query_facts", ask_facts),
        ("grep, then slices", grep),
    )
    asked = questions()
    costs = [await _measured(workspace, way, ask, asked) for way, ask in ways]
    whole = {subject: await read_all(workspace, subject) for subject in SUBJECTS}
    found = sum(question.gold in whole[question.subject] for question in asked)
    return [*costs, Cost(way="read the files", tokens=sum(map(tokens, whole.values())), answered=found)]


async def ask_facts(workspace: Workspace, question: Question) -> str:
    """Return the facts about one property of one package."""
    answer = await workspace.query_facts(
        subject=question.subject, key=question.key, path="research/", limit=3, max_tokens=300
    )
    return _compact(answer)


async def grep(workspace: Workspace, question: Question) -> str:
    """Return the hits of an exact search, and the lines around the first one, as agents with grep do."""
    found = await workspace.call(
        "search", query=question.key, mode="exact", path=f"research/{question.subject}/", limit=5
    )
    seen = _compact(found)
    for hit in found["hits"][:1]:
        start = max(1, hit["start_line"] - SLICE_LINES // 2)
        part = await workspace.read_file(hit["path"], start_line=start, max_lines=SLICE_LINES)
        seen += _compact(part.header) + (part.text or "")
    return seen


async def read_all(workspace: Workspace, subject: str) -> str:
    """Return everything that the Researcher handed in."""
    parts = [await workspace.read_file(f"research/{subject}/{name}") for name in FILES]
    return "".join(_compact(part.header) + (part.text or "") for part in parts)


def tokens(text: str) -> int:
    """Return the estimate that the whole project uses: four bytes of UTF-8 are one token."""
    return -(-len(text.encode()) // 4)


async def _measured(
    workspace: Workspace, way: str, ask: Callable[[Workspace, Question], Awaitable[str]], asked: list[Question]
) -> Cost:
    answers = [(question, await ask(workspace, question)) for question in asked]
    return Cost(
        way=way,
        tokens=sum(tokens(answer) for _, answer in answers),
        answered=sum(_holds(answer, question.gold) for question, answer in answers),
    )


def _holds(answer: str, gold: str) -> bool:
    return gold in answer or json.dumps(gold)[1:-1] in answer


def _compact(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
