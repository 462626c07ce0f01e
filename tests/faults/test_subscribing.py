"""No event is lost on its way to a subscription, or sent under another id, whenever the server is killed."""

from pathlib import Path

import anyio

from tests.faults.sending import Receiver
from tests.faults.subscribing import SubscribedLives, serve

KILLS = 6


def test_every_event_arrives_once_or_more_under_one_id_whenever_the_server_is_killed(folder: Path) -> None:
    with Receiver() as receiver:
        lives = SubscribedLives(folder, receiver, work=serve)
        for _ in range(KILLS):
            lives.live_and_die()
        assert anyio.run(lives.end_in_peace) == []
        assert len(receiver.arrived) > KILLS
