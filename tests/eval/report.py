"""The figures of a run as lines of one table, beside what is aimed at."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from tests.eval import baselines
from tests.eval.measuring import BUDGETS, Asked, Measured
from tests.eval.precision import Precision
from tests.eval.workspace import workspace

Way = tuple[str, Callable[[Asked], bool], Callable[[Asked], int]]
"""A way of asking: its name, whether it answers a question, and the tokens that it costs."""
SIZES = (
    (0, "below 1,000"),
    (1_000, "1,000 to 4,000"),
    (4_000, "4,000 to 12,000"),
    (12_000, "12,000 to 50,000"),
    (50_000, "more than 50,000"),
)
"""Classes of files by their size: what asking spares grows with it."""


def lines(measured: Measured, judged: Sequence[Precision]) -> Iterator[str]:
    """Yield the report."""
    yield f"{len(workspace())} files, {len(measured.asked)} questions, {measured.workspace_tokens:,} tokens in all"
    shared = sum(baselines.shared_words(one.question) for one in measured.asked)
    alike = 100 * shared / max(1, len(measured.asked))
    yield f"{alike:.0f} % of the telling words of a question stand on the line of its answer"
    yield from _answers(measured)
    yield from _tokens(measured.asked)
    yield from _contradictions(measured)
    yield from _grouped("kind of answer", measured.asked, lambda one: one.question.kind)
    yield from _grouped("type of file", measured.asked, lambda one: workspace()[one.question.path].kind)
    yield from _states(measured)
    yield from _precision(judged)


def misses(measured: Measured) -> Iterator[str]:
    """Yield every question without an answer, every false alarm, and every citation that leads astray."""
    for one in measured.asked:
        if not one.answered:
            gold = " / ".join(one.question.gold)
            yield f"miss {one.question.path}:{one.question.line} [{one.question.kind}] {one.question.text} -> {gold}"
    for pair, told in measured.told.items():
        if told != pair.planted:
            yield f"{'unseen' if pair.planted else 'false'} {pair.subject} · {pair.key}: {pair.sides}"
    for conflict in measured.reported.false():
        said = ", ".join(f"{value['value']} ({value['cite']})" for value in conflict["values"])
        yield f"not planted {conflict['subject']} · {conflict['key']}: {said}"
    yield from (f"misplaced {one}" for one in measured.misplaced)


def _row(name: str, found: str, aim: str = "") -> str:
    return f"  {name:58} {found:>16}  {aim}".rstrip()


def _share(count: int, whole: int) -> str:
    return f"{count}/{whole} {100 * count / max(1, whole):5.1f} %"


def _answers(measured: Measured) -> Iterator[str]:
    asked, whole = measured.asked, len(measured.asked)
    yield "\nAnswers (the value stands in a row that cites the right file)"
    yield _row("query_facts within 1,500 tokens", _share(sum(one.by_facts for one in asked), whole))
    yield _row("search within 2,000 tokens", _share(sum(one.by_search for one in asked), whole))
    yield _row("one of the two", _share(sum(one.answered for one in asked), whole), "aim 90 %")
    yield _row("  of these, cited at the very line or page", _share(sum(one.at_place for one in asked), whole))
    late = [reply for one in asked for reply in (one.facts, one.passages) if not reply.complete]
    yield _row("answers of an index that had not everything", _share(len(late), 2 * whole), "aim 0")
    yield _row("searches without a hit", _share(sum(not one.passages.rows for one in asked), whole))
    yield _row("grep and slices", _share(sum(one.grep.found for one in asked), whole))
    exact = measured.cited - len(measured.misplaced)
    yield _row("citations whose text stands at their place", _share(exact, measured.cited), "aim 100 %")


def _ways() -> list[Way]:
    return [
        *(_within(budget) for budget in BUDGETS),
        ("query_facts within 1,500 tokens", lambda one: one.by_facts, lambda one: one.facts.tokens),
        ("  and search when that did not answer", lambda one: one.answered, lambda one: one.tokens_asked),
        ("  the same, but read up to the row that answers", lambda one: one.answered, lambda one: one.tokens_until),
        (
            f"within {BUDGETS[0]}, then {BUDGETS[2]}, then as above",
            lambda one: one.answered,
            lambda one: one.tokens_stepwise,
        ),
        (
            "  and exact search for the code in the question",
            lambda one: one.answered_by_code,
            lambda one: one.tokens_with_code,
        ),
        ("grep and slices", lambda one: one.grep.found, lambda one: one.grep.tokens),
    ]


def _within(budget: int) -> Way:
    return (
        f"query_facts within {budget} tokens",
        lambda one: one.small[budget].place_of(one.question) is not None,
        lambda one: one.small[budget].tokens,
    )


def _tokens(asked: Sequence[Asked]) -> Iterator[str]:
    yield "\nTokens for each question, mean (four bytes are one), and how many times as many reading takes; aim 20 x"
    yield from _spent("all", asked)
    for (low, name), high in zip(SIZES, [*(least for least, _ in SIZES[1:]), 1 << 40], strict=True):
        if some := [one for one in asked if low <= one.whole.tokens < high]:
            yield ""
            yield from _spent(f"the answer in a file of {name} tokens", some)


def _spent(name: str, asked: Sequence[Asked]) -> Iterator[str]:
    reading = {
        "grep": _mean(asked, lambda one: one.grep.tokens),
        "right file": _mean(asked, lambda one: one.whole.tokens),
        "files in turn": _mean(asked, lambda one: one.in_turn.tokens),
    }
    files = len({one.question.path for one in asked})
    yield f"  {f'{name}: {len(asked)} questions, {files} files':58} {'answered':>9} {'tokens':>7} " + "".join(
        f"{name:>15}" for name in reading
    )
    for way, answers, cost in _ways():
        spent = _mean(asked, cost)
        times = "".join(f"{tokens / spent:13.1f} x" for tokens in reading.values())
        yield f"  {way:58} {100 * _mean(asked, answers):7.1f} % {spent:7,.0f} {times}"
    yield "  reading: " + ", ".join(f"{name} {tokens:,.0f}" for name, tokens in reading.items())


def _mean(asked: Sequence[Asked], of: Callable[[Asked], float]) -> float:
    return sum(map(of, asked)) / max(1, len(asked))


def _contradictions(measured: Measured) -> Iterator[str]:
    planted = [told for pair, told in measured.told.items() if pair.planted]
    near = [told for pair, told in measured.told.items() if not pair.planted]
    false, all_told = len(measured.reported.false()), len(measured.reported.by_cites)
    yield "\nContradictions"
    yield _row("planted ones that were told", _share(sum(planted), len(planted)))
    yield _row("pairs that only look like one, told all the same", _share(sum(near), len(near)), "aim 0")
    yield _row("false among all that were told", _share(false, all_told), "aim at most 5 %")


def _grouped(name: str, asked: Sequence[Asked], group: Callable[[Asked], str]) -> Iterator[str]:
    groups: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        groups[group(one)].append(one)
    yield f"\nAnswered, by {name}: facts, search, one of the two"
    for key in sorted(groups):
        some = groups[key]
        counts = [sum(one.by_facts for one in some), sum(one.by_search for one in some)]
        yield _row(f"{key} ({counts[0]}, {counts[1]})", _share(sum(one.answered for one in some), len(some)))


def _states(measured: Measured) -> Iterator[str]:
    yield "\nIndex states, by type of file"
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for path, (state, _) in measured.states.items():
        states[workspace()[path].kind][state] += 1
    for kind in sorted(states):
        yield _row(kind, ", ".join(f"{count} {state}" for state, count in sorted(states[kind].items())))
    for path, (state, reason) in measured.states.items():
        if state != "ok":
            yield _row(path, state, reason)


def _precision(judged: Sequence[Precision]) -> Iterator[str]:
    yield "\nPrecision of a sample of facts, read by eye: good of those that were read and exist"
    for one in judged:
        left = f"aim 90 %; {one.there} facts, {one.unread} of the sample unread, {one.stale} verdicts stale"
        yield _row(one.kind, _share(one.good, one.good + one.junk), left)
