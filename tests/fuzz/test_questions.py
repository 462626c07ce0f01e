"""Questions and patterns of a search: bounded whatever is asked, and answered as a plain reading answers."""

import re

from hypothesis import strategies as st

from indexer.exact import find_lines
from indexer.limits import FUZZIES_MAX, PREFIXES_MAX, QUERY_CHARS_MAX, QUERY_TERMS_MAX
from indexer.questions import Question, Term, parse_question, parts_of_words, why_in_vain, words_of
from indexer.regex import BadPattern, Pattern
from tests.fuzz.drawing import ANY_TEXT, fuzzed

PARTS = st.sampled_from(
    [
        "tide",
        "a",
        "the",
        "Straße",
        "潮汐表",
        "x_1",
        '"',
        "*",
        "~",
        "-",
        "title:",
        "in:",
        "path:",
        "(",
        ")",
        " OR ",
        " ",
        "\0",
        "̈",
    ]
)
ASKED = st.one_of(
    ANY_TEXT,
    st.lists(PARTS, max_size=20).map("".join),
    st.builds(lambda part, times: part * times, PARTS, st.integers(1, 3_000)),
)


@fuzzed(text=ASKED)
def test_a_question_is_bounded_and_always_the_same(text: str) -> None:
    asked = parse_question(text)
    assert asked == parse_question(text)
    for terms in (asked.terms, asked.without):
        assert len(terms) <= QUERY_TERMS_MAX
        assert sum(term.kind == "prefix" for term in terms) <= PREFIXES_MAX
        assert sum(term.kind == "fuzzy" for term in terms) <= FUZZIES_MAX
        assert len(set(terms)) == len(terms)
        # Lower case is longer than upper case in a few scripts, never by more than this.
        assert sum(len(word) for term in terms for word in term.words) <= 3 * QUERY_CHARS_MAX
        assert all(words_of(word) == [word] for term in terms for word in term.words)
    assert bool(why_in_vain(text)) or asked.terms
    assert len(parts_of_words(text)) <= 2 * len(text)


TERMS = st.lists(
    st.one_of(
        st.builds(Term, st.just("word"), st.tuples(st.sampled_from(["tide", "ferry", "gate", "x1"]))),
        st.builds(Term, st.just("prefix"), st.tuples(st.sampled_from(["tidal", "ferr"]))),
        st.builds(Term, st.just("fuzzy"), st.tuples(st.sampled_from(["harbour"]))),
        st.builds(Term, st.just("phrase"), st.just(("gate", "tide")), st.sampled_from([None, "title", "path"])),
    ),
    min_size=1,
    max_size=4,
    unique=True,
)
MARKS = {"prefix": "*", "fuzzy": "~"}


def written(term: Term) -> str:
    words = " ".join(term.words)
    text = f'"{words}"' if term.kind == "phrase" else words + MARKS.get(term.kind, "")
    return f"{term.place}:{text}" if term.place else text


@fuzzed(terms=TERMS)
def test_a_question_is_read_as_it_is_written(terms: list[Term]) -> None:
    assert parse_question(" ".join(map(written, terms))) == Question(tuple(terms))


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "é", "(?:ab)", "(?:a|b)", r"\."])
REPEATED = st.tuples(ATOMS, st.sampled_from(["", "*", "+", "?", "{2}"])).map("".join)
REGEXES = st.lists(st.one_of(REPEATED, st.sampled_from("^$")), min_size=1, max_size=6)
TEXTS = st.lists(st.text("abé. ", max_size=8), min_size=1, max_size=5).map("\n".join)


@fuzzed(parts=REGEXES, text=TEXTS)
def test_a_regular_expression_finds_the_lines_that_python_finds(parts: list[str], text: str) -> None:
    try:
        pattern = Pattern("".join(parts))
    except BadPattern:
        return
    plainly = re.compile("".join(parts))
    lines = text.removesuffix("\n").split("\n") if text else []
    expected = [number for number, line in enumerate(lines, 1) if plainly.search(line)]
    assert [found.start_line for found in find_lines(text.encode(), pattern)] == expected


@fuzzed(
    text=st.one_of(ANY_TEXT, st.lists(st.sampled_from(list("ab*+?(){}[]|\\^$.,0129:=!<>P")), max_size=30).map("".join))
)
def test_a_regular_expression_is_refused_in_words_or_searches(text: str) -> None:
    try:
        pattern = Pattern(text)
    except BadPattern as refusal:
        assert str(refusal)
        return
    list(find_lines(b"aab\n\xff\0 b{2}\n" * 20, pattern))
