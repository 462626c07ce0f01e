"""What a file says several times is told of what it is said of: rows below headings, and records."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from indexer.apart import told_apart
from indexer.limits import SUBJECT_CHARS_MAX
from tests.indexer import files
from tests.indexer.reading import facts, read, said


def table(place: str, *rows: str) -> str:
    return "\n".join([f"## {place}", "", "| Time | Level |", "|---|---|", *(f"| {row} |" for row in rows), ""])


def test_a_row_that_stands_below_several_headings_is_told_with_its_own() -> None:
    text = table("Mill Lane", "Day | 53 dB", "Night | 41 dB") + table("Old Yard", "Night | 44 dB")

    assert said(read(text), "cell") == [
        ("Day", "Level", "53 dB"),
        ("Mill Lane > Night", "Level", "41 dB"),
        ("Old Yard > Night", "Level", "44 dB"),
    ]


def test_a_row_that_stands_twice_below_one_heading_is_left_as_it_is() -> None:
    assert said(read(table("Mill Lane", "Night | 41 dB", "Night | 43 dB")), "cell") == [
        ("Night", "Level", "41 dB"),
        ("Night", "Level", "43 dB"),
    ]


def test_a_long_heading_leaves_room_for_the_row() -> None:
    long = "Street " * 40
    for row in ("Night", "Night " * 30):
        text = table(f"One {long}", f"{row} | 41 dB") + table(f"Two {long}", f"{row} | 44 dB")
        subjects = [fact.subject for fact in facts(read(text), "cell")]

        assert [subject.rpartition(" > ")[2][:5] for subject in subjects] == ["Night", "Night"]
        assert max(map(len, subjects)) <= SUBJECT_CHARS_MAX


RECORDS = "Name: Alke\nArea: 60 m2\n\nName: Lomvi\nArea: 80 m2\n\nName: Skarv\nArea: 90 m2\n"


def test_the_first_of_keys_that_come_again_names_what_the_others_are_about() -> None:
    assert said(read(RECORDS, "stores/rooms.txt"), "field") == [
        ("rooms", "Name", "Alke"),
        ("Alke", "Area", "60 m2"),
        ("rooms", "Name", "Lomvi"),
        ("Lomvi", "Area", "80 m2"),
        ("rooms", "Name", "Skarv"),
        ("Skarv", "Area", "90 m2"),
    ]


def test_a_record_below_a_heading_is_told_with_it_and_the_next_heading_ends_it() -> None:
    text = f"# Cold store\n\n{RECORDS}\n# Office\n\nArea: 12 m2\n"

    assert [subject for subject, key, _ in said(read(text), "field") if key == "Area"] == [
        "Cold store > Alke",
        "Cold store > Lomvi",
        "Cold store > Skarv",
        "Office",
    ]


def test_numbered_titles_name_what_stands_below_them() -> None:
    text = "".join(
        f"Item {number}: {name}\n\nThe tank holds {60 + number} litres of oil.\n\n"
        for number, name in enumerate(("Glycol pump", "Brine pump", "Door heater"), 1)
    )
    found = read(text, "plant.txt")

    assert [fact.subject for fact in facts(found, "quantity")] == [
        "Glycol pump",
        "Brine pump",
        "plant",
    ]
    assert [(one.heading, one.start_line) for one in found.passages] == [
        ("Glycol pump", 1),
        ("Brine pump", 5),
        ("Door heater", 9),
    ]
    assert found.headings == ()


def test_the_last_record_ends_where_what_follows_is_no_part_of_it() -> None:
    text = f"{RECORDS}Total: 230 m2\n\nOwner: Ada\n"

    assert said(read(text, "rooms.txt"), "field")[-2:] == [("rooms", "Total", "230 m2"), ("rooms", "Owner", "Ada")]


def test_one_family_of_records_may_follow_another() -> None:
    text = f"{RECORDS}\n" + "".join(f"Pump: {name}\nMaker: Fimbul {name}\n\n" for name in ("left", "right", "spare"))
    subjects = [subject for subject, key, _ in said(read(text, "rooms.txt"), "field") if key in {"Area", "Maker"}]

    assert subjects == ["Alke", "Lomvi", "Skarv", "left", "right", "spare"]


def test_a_long_name_is_cut_at_its_comma() -> None:
    text = "".join(
        f"Talk {number}: {name}, {'who drove for years ' * 4}\nPay: {number} EUR\n\n"
        for number, name in enumerate(("Ada Moe", "Ben Lie", "Cleo Dahl"), 1)
    )

    assert [subject for subject, key, _ in said(read(text, "x.txt"), "field") if key == "Pay"] == [
        "Ada Moe",
        "Ben Lie",
        "Cleo Dahl",
    ]


def test_what_stands_below_an_item_of_a_record_is_told_with_both() -> None:
    text = "".join(f"- Name: {name}\n- Area: 60 m2\n- Door\n  - Width: 2 m\n\n" for name in ("Alke", "Lomvi", "Skarv"))

    assert [subject for subject, key, _ in said(read(text, "rooms.md"), "field") if key == "Width"] == [
        "Alke > Door",
        "Lomvi > Door",
        "Skarv > Door",
    ]


def test_what_is_no_record_stays_as_it_is() -> None:
    for text in (
        "Area: 60 m2\nDoor: left\n\nArea: 80 m2\nDoor: right\n\nArea: 90 m2\nDoor: left\n",  # no name, but numbers
        "Name: Alke\nArea: 60 m2\n\nName: Lomvi\nArea: 80 m2\n",  # only two
        "Name: Alke\nArea: 60 m2\n\nName: Alke\nArea: 80 m2\n\nName: Skarv\nArea: 90 m2\n",  # one name twice
        "Name: Alke\n\nName: Lomvi\n\nName: Skarv\n",  # nothing is said of them
        "Name: Alke\nArea: 60 m2\nArea: 61 m2\n\nName: Lomvi\nArea: 80 m2\n\nName: Skarv\nArea: 90 m2\n",
        f"Name: {'x' * 90}\nArea: 6 m2\n\nName: Lomvi\nArea: 80 m2\n\nName: Skarv\nArea: 90 m2\n",
    ):
        found = read(text, "rooms.txt")
        assert {subject for subject, _, _ in said(found, "field")} == {"rooms"}, text
        assert {one.heading for one in found.passages} == {""}


def test_records_of_a_document_are_named_too() -> None:
    found = read(files.pdf([RECORDS.splitlines()]), "rooms.pdf")

    assert [(fact.subject, fact.page) for fact in facts(found, "field") if fact.key == "Area"] == [
        ("Alke", 1),
        ("Lomvi", 1),
        ("Skarv", 1),
    ]


@given(
    st.lists(st.sampled_from(["Name: a", "Name: b", "Item 1: c", "Area: 3 m2", "# H", "## I", "", "It holds 3 kg."]))
)
def test_only_the_subjects_change(lines: list[str]) -> None:
    found = read("\n".join(lines), "x.md")
    told, records = told_apart(found.facts, found.headings, name="x")

    assert [replace(fact, subject="", entity=True) for fact in told] == [
        replace(fact, subject="", entity=True) for fact in found.facts
    ]
    assert told_apart(told, found.headings, name="x")[0] == told
    assert {record.line for record in records} <= {fact.start_line for fact in found.facts}
