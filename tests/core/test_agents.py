"""Who may change anything now, and what a stretch of the log says of each agent."""

from typing import Any, NamedTuple

import pytest

from workspace_server.core.access import SERVER, Caller
from workspace_server.core.agents import FREE, Note, Pause, Standing, check_free, note_name, note_number
from workspace_server.core.agents_written import Acted, Saved, acted, saved
from workspace_server.core.scopes import ALL
from workspace_server.errors import Paused

ANA = Caller(agent="ana")
BOB = Caller(agent="bob")
OWNER = Caller(agent="owner", scope=ALL)
PAUSE = Pause(by="owner", at=10.0, note="wrong sources")
NOTE = Note(number=3, agent="ana", by="owner", at=10.0, text="Use the new figures", must_acknowledge=True)


def standing(**more: Any) -> Standing:
    return Standing(**({"workspace": None, "agents": {}, "unread": {}} | more))


def refusal(held: Standing, caller: Caller, action: str = "write_file") -> Paused:
    with pytest.raises(Paused) as refused:
        check_free(held, caller, action)
    return refused.value


def test_whom_nothing_holds_up_may_change_things() -> None:
    check_free(FREE, ANA, "write_file")


def test_a_paused_agent_is_told_who_paused_it_and_why_and_no_other_is_held_up() -> None:
    held = standing(agents={"ana": PAUSE})

    said = refusal(held, ANA)

    assert said.message == "ana is paused by owner: wrong sources"
    assert (said.retryable, said.facts) == (True, {"by": "owner", "note": "wrong sources"})
    check_free(held, BOB, "write_file")


def test_a_paused_workspace_holds_up_all_but_admins_and_the_server_itself() -> None:
    held = standing(workspace=Pause(by="owner", at=10.0, note=None))

    assert refusal(held, BOB).message == "The workspace is paused by owner."
    for caller in (OWNER, SERVER, Caller(agent="external"), Caller(agent="import")):
        check_free(held, caller, "write_file")


@pytest.mark.parametrize("action", ["unlock_files", "finish_job", "check_in", "external"])
def test_what_is_given_back_or_has_happened_goes_on(action: str) -> None:
    check_free(standing(workspace=PAUSE, unread={"ana": NOTE}), ANA, action)


def test_who_has_a_note_to_acknowledge_is_told_the_very_call_that_does_it() -> None:
    held = standing(unread={"ana": NOTE})

    said = refusal(held, ANA)

    assert said.hint is not None
    assert said.hint.startswith('finish_job(job="N3", outcome="done", note="…")')
    assert said.facts == {"by": "owner", "note": "Use the new figures", "acknowledge": "N3"}
    check_free(held, BOB, "write_file")


def test_a_note_has_a_name_of_its_own() -> None:
    assert [note_number(name) for name in (note_name(12), "N0", "J3", "N", "N1x")] == [12, None, None, None, None]


class Event(NamedTuple):
    seq: int
    type: str
    agent: str
    path: str | None = None
    data: dict[str, Any] = {}  # noqa: RUF012  # nobody changes it

    @property
    def at(self) -> float:
        return self.seq * 10.0


LOG = [
    Event(1, "file.created", "import", "old.md", {"size_bytes": 9}),
    Event(2, "file.created", "ana", "a.md", {"size_bytes": 5}),
    Event(3, "file.updated", "ana", "a.md", {"size_bytes": 7}),
    Event(4, "file.deleted", "bob", "b.md"),
    Event(5, "lock.acquired", "ana"),
    Event(6, "file.moved", "ana", "c.md"),
    Event(7, "agent.noted", "root"),
]


def test_the_last_act_of_each_agent_counts_whatever_it_was() -> None:
    assert acted(LOG) == [Acted("ana", 6, 20.0, 60.0), Acted("bob", 4, 40.0, 40.0)]


def test_each_version_that_an_agent_made_is_counted_with_its_bytes() -> None:
    assert saved(LOG) == [Saved("ana", "a.md", 2, 12, 30.0), Saved("ana", "c.md", 1, 0, 60.0)]
