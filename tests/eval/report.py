"""The figures of a run as lines of one table, beside what is aimed at."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from tests.eval.measuring import SMALL_TOKENS, Asked, Measured
from tests.eval.precision import Precision
from tests.eval.workspace import workspace


def lines(measured: Measured, judged: Sequence[Precision]) -> Iterator[str]:
    """Yield the report."""
    yield f"{len(workspace())} files, {len(measured.asked)} questions, {measured.workspace_tokens:,} tokens in all"
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
    yield _row("grep and slices", _share(sum(one.grep.found for one in asked), whole))
    exact = measured.cited - len(measured.misplaced)
    yield _row("citations whose text stands at their place", _share(exact, measured.cited), "aim 100 %")


def _tokens(asked: Sequence[Asked]) -> Iterator[str]:
    def mean(of: Callable[[Asked], int]) -> float:
        return sum(of(one) for one in asked) / max(1, len(asked))

    spent = mean(lambda one: one.tokens_asked)
    yield "\nTokens for each question, mean (one token is four bytes), and as a multiple of the first line"
    ways = [
        ("query_facts, and search when it does not answer", spent),
        (f"the same, beginning with {SMALL_TOKENS} tokens of query_facts", mean(lambda one: one.tokens_stepwise)),
        ("read up to the row that answers", mean(lambda one: one.tokens_until)),
        ("grep and slices", mean(lambda one: one.grep.tokens)),
        ("the file with the answer, by who knows it", mean(lambda one: one.whole.tokens)),
        ("whole files, by the question's words, until it is found", mean(lambda one: one.in_turn.tokens)),
    ]
    yield from (_row(name, f"{cost:,.0f}  {cost / spent:6.1f} x") for name, cost in ways)


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
