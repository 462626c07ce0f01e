"""Statements in running text: what is one, and what only looks like one."""

import pytest

from indexer import normalise
from indexer.amounts import named
from indexer.prose import field_of, marked
from tests.indexer.reading import facts, read, said


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("License: MIT", "License", "MIT"),
        ("- **Default port**: `8765`", "Default port", "`8765`"),
        ("* **Owner:** Dana", "Owner", "Dana"),
        ("1. Minimum Python: 3.9", "Minimum Python", "3.9"),
        ("max_retries: 5", "max_retries", "5"),
        ("  Home page: https://example.org/a", "Home page", "https://example.org/a"),
        ("负责人\uff1a李伟", "负责人", "李伟"),
        ("- author:: [[Cal]]", "author", "[[Cal]]"),
        ("- On call: Ivo Brandt", "On call", "Ivo Brandt"),
        ("In charge: Ann", "In charge", "Ann"),
        ("- Is public: no", "Is public", "no"),
        ("- Max connections = 200", "Max connections", "200"),
        ("Time-out = 30 s", "Time-out", "30 s"),
        ("- Price per seat and month: 58", "Price per seat and month", "58"),
        ("direct loss: 47,000 EUR", "direct loss", "47,000 EUR"),
    ],
)
def test_a_key_and_its_value_are_a_field(line: str, key: str, value: str) -> None:
    assert field_of(line) == (key, value)


@pytest.mark.parametrize(
    "line",
    [
        "Note: this is slow",
        "There are two options: A and B",
        "the port: 80",
        "see https://example.org",
        "We use this: x",
        "some lower words: x",
        "- Fix the build: x",
        "Six words are far too many: x",
        "Step 3: mix",
        "Empty:",
        "Opens: {",
        "List: a:",
        "- **bold** text: not a key",
        "**Bold** and more",
        "Key: **",
        "12:30 is noon",
        "TODO: not a field",
        "<custom>x: y",
        "Check the lag: `SELECT 1`",
        "Don't: write it so",
        "Bumped Rust: 1.74",
        "- feat: add json",
        "- fix(parser)!: crash",
        "- BREAKING CHANGE: the port is 9090",
        "- On Mondays: we meet in the large room and talk about it",
        "- In the second week: rain",
        "In short: no",
        "- In practice: Ann.",
        "- Is public: nobody knows",
        "Is: no",
        "On: 5",
        "- Stop and wait: it takes a while until all of them have ended",
        "no report server: management waits",
        "E = 5",
        "total load = a * b",
        "loss of the whole day: nearly all",
    ],
)
def test_a_sentence_with_a_colon_is_no_field(line: str) -> None:
    assert field_of(line) is None


def test_a_field_stands_on_its_line_below_its_headings() -> None:
    (fact,) = facts(read("# httpx\n\n## Limits\n\n- Timeout: 5 s\n"))

    assert (fact.kind, fact.subject, fact.key, fact.value) == ("field", "httpx > Limits", "Timeout", "5 s")
    assert (fact.normal, fact.unit, fact.quote, fact.start_line) == ("5", "s", "Timeout: 5 s", 5)


def test_lines_of_fields_are_fields_and_wrapped_prose_is_none() -> None:
    assert [key for _, key, _ in said(read("Author: A\nLicense: MIT\n"))] == ["Author", "License"]
    assert said(read("This is long prose that wraps before the\nResult: which is no field here.\n")) == []


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Pump data sheet\nOwner: Carol\nVendor: Acme\n", ["Owner", "Vendor"]),
        ("It was checked on Monday, and works.\nOwner: Carol\nLimit: 3 bar\n", ["Owner", "Limit"]),
        ("Turbine T-9\nSpeed: 450 rpm\n", ["Speed"]),
        ("It was checked, and it has an\nOwner: Carol\n", []),  # it may be the end of a sentence
        ("He said that\nthe answer: no\n", []),
        ("- a step\nOwner: Carol\nVendor: Acme\n", []),
    ],
)
def test_fields_may_follow_a_title_or_a_sentence_in_their_paragraph(text: str, keys: list[str]) -> None:
    assert [fact.key for fact in facts(read(text), "field")] == keys


def test_the_value_of_a_list_item_goes_on_over_its_lines() -> None:
    (fact,) = facts(read("- Reason: it was\n  the cheapest one\n"))

    assert fact.value == "it was the cheapest one"
    assert fact.quote == "Reason: it was\n  the cheapest one"
    assert (fact.start_line, fact.end_line) == (1, 2)


def test_marked_lines_are_decisions_todos_risks_and_questions() -> None:
    text = (
        "Decision: use SQLite.\n\n- TODO(sam): measure it\n\n**Risk:** the disk is full\n\n- [ ] write docs\n"
        "- [x] done already\n\nOpen question: who pays?\n"
    )

    assert [(f.kind, f.value) for f in facts(read(text))] == [
        ("decision", "use SQLite."),
        ("todo", "measure it"),
        ("risk", "the disk is full"),
        ("todo", "write docs"),
        ("question", "who pays?"),
    ]


@pytest.mark.parametrize("line", ["Decision:", "TODO", "Decisions were made", "Risky: no"])
def test_a_mark_without_a_statement_marks_nothing(line: str) -> None:
    assert marked(line) is None


def test_the_items_below_a_heading_of_decisions_are_decisions() -> None:
    text = (
        "# Plan\n\n## Decisions\n\nWe met.\n\n- Use SQLite\n  for everything\n- Ship on Monday\n"
        "\n## Other\n\n- nothing\n"
    )

    assert [(f.kind, f.subject, f.value) for f in facts(read(text))] == [
        ("decision", "Plan > Decisions", "Use SQLite for everything"),
        ("decision", "Plan > Decisions", "Ship on Monday"),
    ]


def test_decisions_stand_below_numbered_headings_too_and_their_reasons_are_none() -> None:
    text = (
        "## 3. Risks:\n\n- None so far.\n- The disk is full\n  - because of logs\n\n## Open questions\n\n- n/a\n- tbd\n"
    )

    assert said(read(text)) == [("3. Risks:", "risk", "The disk is full")]


def test_the_paragraphs_below_the_heading_of_a_record_are_its_decision() -> None:
    text = "# ADR 7\n\n## Decision\n\nWe write to one log\nand nowhere else.\n\n## Context\n\nIt was hard.\n"

    assert said(read(text)) == [("ADR 7 > Decision", "decision", "We write to one log and nowhere else.")]


def test_a_sentence_that_says_who_decided_is_a_decision() -> None:
    text = "It rained. We decided to use Raft. They said: We decided to wait. The board has agreed that we go."

    assert [value for _, _, value in said(read(text), "decision")] == [
        "We decided to use Raft.",
        "The board has agreed that we go.",
    ]


def test_a_heading_may_itself_be_a_decision() -> None:
    extraction = read("# Plan\n\n## Decision 2: use SQLite\n\ntext\n")

    assert said(extraction) == [("Plan", "decision", "use SQLite")]
    assert [h.title for h in extraction.headings] == ["Plan", "Decision 2: use SQLite"]


def test_a_call_without_a_colon_is_a_todo() -> None:
    assert said(read("- TODO call them\n- todo lists are fine\n")) == [("notes", "todo", "call them")]


def test_an_item_below_another_one_is_about_it() -> None:
    text = (
        "# App\n\n- **poll**\n  - Default: 250\n  - Unit: ms\n- Plan: team\n    - Price: $8\n"
        "- This is a whole sentence.\n  - Size: 5 GB\n\nOwner: Kim\n"
    )

    assert said(read(text), "field") == [
        ("App > poll", "Default", "250"),
        ("App > poll", "Unit", "ms"),
        ("App", "Plan", "team"),
        ("App > Plan", "Price", "$8"),
        ("App", "Size", "5 GB"),
        ("App", "Owner", "Kim"),
    ]


def test_a_key_that_needs_a_thing_is_no_field_without_one() -> None:
    assert said(read("Default: 2\n")) == []
    assert said(read("# poll\n\nDefault: 2\n")) == [("poll", "Default", "2")]


def test_an_entry_of_a_change_log_is_a_field_only_when_its_key_says_of_what() -> None:
    text = "# Change Log\n\n- Security: update the library\n- Minimum Rust: 1.75\n"

    assert said(read(text)) == [("Change Log", "Minimum Rust", "1.75")]


def test_a_default_stays_with_what_it_is_the_default_of() -> None:
    assert said(read("# get\n\n- limit: up to 100. Default: 20\n")) == [("get", "limit", "up to 100. Default: 20")]


def test_a_marked_line_begins_a_statement_in_the_middle_of_a_paragraph() -> None:
    text = (
        "We met on Monday.\nRisk: the disk is\nfull\n**Question**: who pays?\nTo do: order it\n"
        "Next steps: none\nquestion: no\n"
    )

    assert [(f.kind, f.value) for f in facts(read(text))] == [
        ("risk", "the disk is full"),
        ("question", "who pays?"),
        ("todo", "order it"),
    ]


def test_fields_side_by_side_are_told_apart() -> None:
    found = facts(read("# X\n\n**Status**: done · **Owner**: Noor\n\n- RPO: 5 s. RTO: 15 min.\n\nName: a · b\n"))

    assert [(f.key, f.value, f.quote) for f in found] == [
        ("Status", "done", "**Status**: done"),
        ("Owner", "Noor", "**Owner**: Noor"),
        ("RPO", "5 s", "RPO: 5 s"),
        ("RTO", "15 min.", "RTO: 15 min."),
        ("Name", "a · b", "Name: a · b"),
    ]


def test_observations_and_relations_are_read_with_their_category() -> None:
    text = (
        "# Coffee\n\n- [Method] Pour over is clear #brewing (see below)\n- pairs with [[Chocolate|Dark]]\n"
        "- [link](x) no\n"
    )

    assert [(f.kind, f.key, f.value) for f in facts(read(text))] == [
        ("observation", "method", "Pour over is clear #brewing (see below)"),
        ("relation", "pairs with", "Chocolate"),
    ]


@pytest.mark.parametrize(
    ("sentence", "key", "value", "normal", "unit"),
    [
        ("The default timeout is 30 seconds.", "default timeout", "30 seconds", "30", "s"),
        ("Peak memory of the relay was about 1,200 MB.", "Peak memory of the relay", "~ 1,200 MB", "~1200", "MB"),
        ("A write takes at most 2.50 ms on disk.", "write", "<= 2.50 ms", "<=2.5", "ms"),
        ("After 10 minutes the lock ends.", "duration", "10 minutes", "10", "min"),
        ("A 30-second wait is fine.", "duration", "30-second", "30-second", None),
        ("Traffic grew by 12% in May.", "share", "12%", "12", "%"),
        ("Load was < 5 ms there.", "Load", "< 5 ms", "<5", "ms"),
        ("The queue reached 12,400 jobs/s then.", "queue", "12,400 jobs/s", "12400", "jobs/s"),
        ("The limit is 100 requests per second.", "limit", "100 requests per second", "100", "req/s"),
        ("The wait is `30 s` there.", "wait", "30 s", "30", "s"),
        ("Proving takes 12 to 16 hours.", "Proving", "12 to 16 hours", "12 to 16 hours", None),
        ("The log grows by 40 GB a year.", "rate", "40 GB a year", "40", "GB/year"),
        ("An entry has 4 GB per disk.", "size", "4 GB per disk", "4", "GB/disk"),
    ],
)
def test_a_quantity_says_of_what_it_is(sentence: str, key: str, value: str, normal: str, unit: str | None) -> None:
    (fact,) = facts(read(f"First one. {sentence} Last one."))

    assert (fact.kind, fact.key, fact.value, fact.normal, fact.unit) == ("quantity", key, value, normal, unit)
    assert fact.quote == sentence


@pytest.mark.parametrize(
    "text",
    [
        "1E-12 s is short.", "Released in the 1990s.", "version 1.2.3 s", "Python 3 and 4",
        "costs ±5 % more", "at 5 m/s² it falls", "E = 0.5 m v^2", "a room of 2 m × 3 m", "2 m x 3 m", "5 * 3 m",
        "write `wait: 30 s` there", "6m 12s of it", "1 h 30 min", "8 foo/bar", "7 per seat", "50 PUT per prefix",
        "x ± 3 m",
        "Python 3.15t runs", "12 34 things", "a1 s", "x" * 500 + " is 5 ms long and has no end",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_quantity_is_none(text: str) -> None:
    assert facts(read(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "They cost 88 EUR of postage.", "We remember these values for 72 hours.",
        "The worry about the 72 hours was understood.",
        "Each further one costs 55 EUR.", "So 1999 means 19.99 EUR.", "2 months.",
        "Position Amount\nHelper 6,200 EUR\nComputing 3,900 EUR\nTravel 2,700 EUR",
    ],
)  # fmt: skip
def test_an_amount_whose_sentence_does_not_tell_of_what_is_left_out(text: str) -> None:
    assert facts(read(text)) == []


def test_what_is_filled_up_is_not_a_bound() -> None:
    assert [f.value for f in facts(read("Fill up to 500 ml. The limit is up to 5 ml."))] == ["500 ml", "<= 5 ml"]


def test_a_difference_is_not_what_stands_before_it() -> None:
    found = facts(read("Y-230 is 14 % more active. The index is up to 30 minutes behind. Load is 3 % now."))

    assert [(f.key, f.value) for f in found] == [
        ("share", "14 %"),
        ("duration", "<= 30 minutes"),
        ("Load", "3 %"),
    ]


def test_money_has_its_currency() -> None:
    found = facts(read("The plan costs $1,200 a year. Support is 50 EUR."))

    assert [(f.kind, f.key, f.normal, f.unit) for f in found] == [
        ("money", "plan", "1200", "USD/year"),
        ("money", "Support", "50", "EUR"),
    ]


@pytest.mark.parametrize(
    ("sentence", "normal", "unit"),
    [
        ("Two firms raised $14 million in May.", "14000000", "USD"),
        ("Two firms raised €2.5bn in May.", "2500000000", "EUR"),
        ("Two firms raised $3.5M in May.", "3500000", "USD"),
        ("Two firms raised 5m EUR in May.", "5000000", "EUR"),
        ("Power costs €0.31/kWh there.", "0.31", "EUR/kWh"),
        ("A seat is $8 per user.", "8", "USD/user"),
        ("The fee is EUR 2,400.00 then.", "2400", "EUR"),
        ("The fee is 12.500 EUR then.", "12.500 eur", None),
        ("Bounties range from $100 to $500 there.", "$100 to $500", None),
    ],
)
def test_money_knows_millions_and_what_it_is_paid_for(sentence: str, normal: str, unit: str | None) -> None:
    (fact,) = facts(read(sentence))

    assert (fact.kind, fact.normal, fact.unit) == ("money", normal, unit)


@pytest.mark.parametrize(
    ("value", "normal", "unit"),
    [
        ("1.2k", "1200", None), ("3 million", "3000000", None), ("5m", "5m", None), ("5 m", "5", "m"),
        ("5M", "5m", None),
        ("12 km/h", "12", "km/h"), ("9 per page", "9 per page", None), ("2 requests/s", "2", "req/s"),
        ("12 foo/bar", "12 foo/bar", None), ("1.50", "1.5", None),
    ],
)  # fmt: skip
def test_values_are_compared_by_what_they_mean(value: str, normal: str, unit: str | None) -> None:
    assert normalise.value(value) == (normal, unit)


def test_an_item_that_begins_with_its_amount_says_of_what() -> None:
    text = "## Dough\n\n- 900 g bread flour\n- 720 g of water at 28 °C\n- 5 g in all\n- 20 minutes rest\n- 3 kg\n"

    assert [(f.key, f.value) for f in facts(read(text))] == [
        ("bread flour", "900 g"),
        ("water", "720 g"),
        ("temperature", "28 °C"),
        ("mass", "5 g"),
        ("duration", "20 minutes"),
    ]


def test_dates_are_kept_in_one_form() -> None:
    text = "The launch is 2026-03-01. We met on 3 March 2026. Then May 4, 2026 came. Not 32 Foo 2024, nor 99 May 2024."

    assert [(f.kind, f.key, f.value) for f in facts(read(text))] == [
        ("date", "launch", "2026-03-01"),
        ("date", "date", "2026-03-03"),
        ("date", "date", "2026-05-04"),
    ]


def test_a_date_in_an_endless_sentence_is_left_out() -> None:
    assert facts(read("x" * 500 + " on 2026-03-01 it was")) == []


@pytest.mark.parametrize(
    ("before", "key"),
    [
        ("the size of the index is", "size of the index"),
        ("(its default) limit is now", "limit"),
        ("it is", ""),
        ("five", ""),
        ("", ""),
        ("one, two is", "two"),
        ("a b c d e f g h i j is", ""),
        ("the uptime in March was", "uptime in March"),
        ("In the north latency is", "north latency"),
        ("the usage stayed at 3 GB of", ""),
        ("The time-out towards the provider was", "time-out towards the provider"),
        ("The largest message that a broker accepts is", ""),
        ("Service charges\nAdvance payments are", "Advance payments"),
        ("The median of the list\nprice is", "median of the list price"),
        ("Messages go to segment files of", "segment files"),
        ("He offered a proof of concept of", "proof of concept"),
        ("A very long and winding description of", "winding description"),
        ("As of", ""),
        ("up to a total of", ""),
        ("90 ms per fetch instead of", ""),
        ("** is", ""),
    ],
)
def test_the_words_before_a_number_name_it(before: str, key: str) -> None:
    assert named(before) == key


def test_long_lines_and_long_blocks_are_not_read() -> None:
    long_line = "Key: " + "x" * 3_000
    long_block = "\n".join(f"line {n} and the wait is 5 ms here" for n in range(200))

    assert facts(read(long_line)) == []
    assert facts(read(long_block)) == []
    assert facts(read(long_line, "x.txt")) == []


def test_a_mark_behind_a_backslash_is_an_ordinary_one_in_a_heading() -> None:
    found = read("# 4\\. Payment \\*due\\*\n\nPaid by: Ada\n")

    assert [heading.title for heading in found.headings] == ["4. Payment *due*"]
    assert said(found, "field") == [("4. Payment *due*", "Paid by", "Ada")]
