"""Questions as terms: bounded, without stop words, with identifiers and CJK taken apart."""

import pytest

from indexer import normalise
from indexer.limits import FUZZIES_MAX, PREFIXES_MAX, QUERY_TERMS_MAX
from indexer.questions import Term, cjk_pairs, parse_question, parts_of_words, why_in_vain


def terms(text: str) -> list[str]:
    question = parse_question(text)
    return [spelled(term) for term in question.terms] + [f"-{spelled(term)}" for term in question.without]


def spelled(term: Term) -> str:
    marks = {"word": "{}", "phrase": '"{}"', "prefix": "{}*", "fuzzy": "{}~"}
    return (f"{term.place}:" if term.place else "") + marks[term.kind].format(" ".join(term.words))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the license of httpx?", ["license", "httpx"]),
        ("how does it do this", ["how", "does", "it", "do", "this"]),
        ('"event loop" uv*', ['"event loop"', "uv*"]),
        ('"one" "" a*', ["one"]),
        ("read-only max_retries", ["read", "only", "max_retries"]),
        ("relay Relay", ["relay"]),
        ("((((( * ?", []),
        ("東京 タワー 東京*", ["東京", "タワー"]),
        ("recieve~ abc~ retries* ~", ["recieve~", "abc", "retries*"]),
        (
            "title:Relay heading:retr* path:docs/guide in:src",
            ["title:relay", "heading:retr*", "path:docs", "path:guide", "path:src"],
        ),
        ('title:"max retries" title:the: http://x', ['title:"max retries"', "title:the", "http", "x"]),
        ('relay -timeout -"dead letter" -path:old', ["relay", "-timeout", '-"dead letter"', "-path:old"]),
        ("rm -rf --verbose -5", ["rm", "rf", "verbose", "5"]),
        ("-only -these", ["only"]),
        ("read - write", ["read", "write"]),
    ],
)
def test_a_question_becomes_its_telling_words(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_terms_and_prefixes_are_bounded() -> None:
    assert len(terms(" ".join(f"word{n}" for n in range(10_000)))) == QUERY_TERMS_MAX
    assert sum(term.endswith("*") for term in terms(" ".join(f"pre{n}*" for n in range(20)))) == PREFIXES_MAX
    assert sum(term.endswith("~") for term in terms(" ".join(f"fuzzy{n}~" for n in range(20)))) == FUZZIES_MAX
    assert len(terms("word " + " ".join(f"-word{n}" for n in range(10_000)))) <= 1 + QUERY_TERMS_MAX


def test_identifiers_and_cjk_are_taken_apart() -> None:
    assert parts_of_words("maxRetries max_retries HTTPServer2 plain 東京都 ёлка") == [
        "max", "retries", "max", "retries", "http", "server", "2", "東京", "京都",
    ]  # fmt: skip
    assert cjk_pairs("a 京 b") == ["京"]


@pytest.mark.parametrize(
    ("raw", "key", "expected"),
    [
        ("1,000", "", ("1000", None)),
        ("+2.50 MB", "", ("2.5", "MB")),
        ("$1,200.00", "", ("1200", "USD")),
        ("<= 5ms", "", ("<=5", "ms")),
        ("30", "Latency (ms)", ("30", "ms")),
        ("30", "Latency (mean)", ("30", None)),
        ("30 Seconds", "", ("30", "s")),
        ("5 S", "", ("5 s", None)),
        ("5 apples", "", ("5 apples", None)),
        ("**MIT**.", "", ("mit", None)),
        ("[MIT](https://x)", "", ("mit", None)),
        ('[![MIT](https://x/b.svg)](https://x) <b class="x">or</b> BSD', "", ("mit or bsd", None)),
        ("Vec<u8>", "", ("vec<u8>", None)),
        ("'quoted'", "", ("quoted", None)),
        ("it's", "", ("it's", None)),
        ('"', "", ('"', None)),
    ],
)
def test_values_are_compared_in_one_form(raw: str, key: str, expected: tuple[str, str | None]) -> None:
    assert normalise.value(raw, key=key) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*", "no word"),
        ("(((((", "no word"),
        (" title: ", "names a place"),
        ("a~", "before the ~: 4"),
        ("x*", "before the *: 2"),
        ("title", None),
        ("title: relay", None),
        ("a", None),
        ("relay b~", None),
        ("re*", None),
        ("京*", None),
    ],
)
def test_a_question_that_asks_for_nothing_is_told_from_one_that_does(text: str, reason: str | None) -> None:
    why = why_in_vain(text)

    assert why is None if reason is None else reason in (why or "")
