"""No firing is lost, made twice, or sent under another id, whenever the server is killed."""

from pathlib import Path

import anyio
import pytest

from tests.faults.sending import Double, Lives, Receiver

KILLS = 12


def test_every_firing_arrives_once_or_more_under_one_id_whenever_the_server_is_killed(folder: Path) -> None:
    with Receiver() as receiver:
        lives = Lives(folder, receiver)
        for _ in range(KILLS):
            lives.live_and_die()
        assert anyio.run(lives.end_in_peace) == []
        assert len(receiver.arrived) > KILLS


@pytest.mark.parametrize(("double", "finding"), [("acknowledges_early", "lost"), ("names_each_attempt", " came as ")])
def test_a_server_that_sends_otherwise_is_found(folder: Path, double: Double, finding: str) -> None:
    """The negative controls: the same checks on servers that break their word."""
    with Receiver() as receiver:
        lives = Lives(folder, receiver, double)
        for _ in range(KILLS):
            lives.live_and_die()
            wrong = anyio.run(lives.end_in_peace)
            if wrong:
                break
        assert any(finding in one for one in wrong), wrong
