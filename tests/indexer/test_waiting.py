"""Large files that wait for their turn: how far the log is done meanwhile."""

from indexer.model import Change
from indexer.waiting import Large, Waiting, Walk


def large(seq: int, walk: Walk | None = None) -> Large:
    return Large(Change(seq=seq, path=f"{seq}.pdf", version=1), f"key {seq}", walk)


def test_the_log_is_done_up_to_the_first_file_that_waits() -> None:
    waiting = Waiting()
    assert waiting.upto(30) == 30
    waiting.add(large(26))
    waiting.add(large(28))
    assert waiting.upto(30) == 25


def test_a_file_that_waits_already_makes_no_more_of_the_log_done_than_was_looked_at() -> None:
    waiting = Waiting()
    waiting.add(large(26))  # from the page of the log that is being taken, whose small files are not kept yet
    assert waiting.upto(18) == 18


def test_what_a_walk_found_holds_no_part_of_the_log_up() -> None:
    waiting = Waiting()
    waiting.add(large(3, Walk(again=True)))
    assert waiting.upto(18) == 18
