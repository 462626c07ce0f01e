"""On a full disk only what frees room or others' hands goes on."""

import pytest

from workspace_server.core.room import ESSENTIAL, check_room
from workspace_server.errors import Unavailable


@pytest.mark.parametrize("action", sorted(ESSENTIAL))
def test_what_is_essential_goes_on(action: str) -> None:
    check_room(action, short=True)
    check_room(action, short=False)


@pytest.mark.parametrize("action", ["write_file", "lock_files", "commit_files", "index"])
def test_everything_else_waits_until_there_is_room(action: str) -> None:
    check_room(action, short=False)
    with pytest.raises(Unavailable) as refusal:
        check_room(action, short=True)
    assert refusal.value.facts == {"reason": "disk full"}
    assert refusal.value.retryable
