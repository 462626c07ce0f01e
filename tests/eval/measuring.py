"""Ask every question in every way, and keep what came of it."""

from dataclasses import dataclass, field

from tests.eval import baselines
from tests.eval.asking import Asker, Reply
from tests.eval.baselines import Reading
from tests.eval.citations import stands
from tests.eval.contradictions import Pair, Reported, pairs
from tests.eval.questions import Question, questions
from tests.eval.workspace import workspace

BUDGETS = (100, 200, 400, 800)
"""Smaller budgets of `query_facts`, in tokens, to see what an answer costs when little is asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, with the answers to it and what reading would have cost.

    Attributes:
        small: What `query_facts` answers within each of the smaller budgets.
        lines: The lines with the code in the question; None where there is no code in it.
    """

    question: Question
    facts: Reply
    passages: Reply
    small: dict[int, Reply]
    lines: Reply | None
    whole: Reading
    in_turn: Reading
    grep: Reading

    @property
    def by_facts(self) -> bool:
        """Whether `query_facts` answered it."""
        return self.facts.place_of(self.question) is not None

    @property
    def by_search(self) -> bool:
        """Whether `search` answered it."""
        return self.passages.place_of(self.question) is not None

    @property
    def answered(self) -> bool:
        """Whether one of them did."""
        return self.by_facts or self.by_search

    @property
    def answered_by_code(self) -> bool:
        """Whether one of them did, or else a look for the code in the question."""
        return self.answered or (self.lines is not None and self.lines.place_of(self.question) is not None)

    @property
    def at_place(self) -> bool:
        """Whether one of the rows that answer cites the very line or page."""
        rows = (*self.facts.rows, *self.passages.rows)
        return any(row.answers(self.question) and row.is_at(self.question) for row in rows)

    @property
    def tokens_asked(self) -> int:
        """Tokens of an agent that asks for facts, and searches only when these do not answer."""
        return self.facts.tokens + (0 if self.by_facts else self.passages.tokens)

    @property
    def tokens_stepwise(self) -> int:
        """Tokens of an agent that asks for little first, and for more as long as that does not answer."""
        spent = 0
        for budget in (BUDGETS[0], BUDGETS[2]):
            spent += self.small[budget].tokens
            if self.small[budget].place_of(self.question) is not None:
                return spent
        return spent + self.tokens_asked

    @property
    def tokens_with_code(self) -> int:
        """Tokens of an agent that asks stepwise, and looks for the code when nothing of that answers."""
        more = 0 if self.answered or self.lines is None else self.lines.tokens
        return self.tokens_stepwise + more

    @property
    def tokens_until(self) -> int:
        """Tokens up to the row that answers, of an agent that stops reading there."""
        more = 0 if self.by_facts else self.passages.tokens_until(self.question)
        return self.facts.tokens_until(self.question) + more


@dataclass(slots=True)
class Measured:
    """All that one run found.

    Attributes:
        cited: Citations that were looked up, and of these the ones whose text does not stand there.
        told: For each pair of files, whether a contradiction between them was reported.
    """

    asked: list[Asked] = field(default_factory=list)
    cited: int = 0
    misplaced: list[str] = field(default_factory=list)
    told: dict[Pair, bool] = field(default_factory=dict)
    reported: Reported = field(default_factory=Reported)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    workspace_tokens: int = 0


async def measure(asker: Asker) -> Measured:
    """Ask everything."""
    measured = Measured(states=await asker.states(workspace()), workspace_tokens=baselines.all_tokens())
    for question in questions():
        asked = await _ask(asker, question)
        measured.asked.append(asked)
        measured.reported.note(list(asked.facts.conflicts))
        for row in (*await asker.quotes(question.text), *asked.passages.rows):
            measured.cited += 1
            if not stands(row):
                measured.misplaced.append(f"{row.path}@{row.version}:{row.start_line}-{row.end_line} {row.text!r}")
    for pair in pairs():
        answer = await asker.facts(pair.ask)
        measured.reported.note(list(answer.conflicts))
        measured.told[pair] = any(pair.is_told_by(one) for one in answer.conflicts)
    return measured


async def _ask(asker: Asker, question: Question) -> Asked:
    return Asked(
        question,
        facts=await asker.facts(question.text),
        passages=await asker.passages(question.text),
        small={budget: await asker.facts(question.text, max_tokens=budget) for budget in BUDGETS},
        lines=None if question.code is None else await asker.lines(question.code),
        whole=baselines.gold_file(question),
        in_turn=baselines.files_in_turn(question),
        grep=baselines.grep_with_slices(question),
    )
