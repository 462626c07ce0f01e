"""What a quota lets pass, and whose it is."""

import pytest

from workspace_server.core.quotas import Quota, Usage, account
from workspace_server.errors import QuotaExceeded

NONE = Usage(0, 0)


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [
        (NONE, Usage(2, 10), True),
        (NONE, Usage(3, 10), False),
        (NONE, Usage(2, 11), False),
        (Usage(5, 50), Usage(5, 50), True),
        (Usage(5, 50), Usage(4, 49), True),
        (Usage(5, 50), Usage(4, 51), False),
        (Usage(5, 50), Usage(6, 49), False),
    ],
)
def test_a_change_passes_up_to_the_quota_and_beyond_it_when_it_adds_nothing(
    before: Usage, after: Usage, passes: bool
) -> None:
    quota = Quota(files=2, bytes=10)
    if passes:
        quota.check(before, after, "ann")
        return
    with pytest.raises(QuotaExceeded) as refusal:
        quota.check(before, after, "ann")
    assert refusal.value.message.startswith("ann may hold ")


def test_each_bound_may_be_absent() -> None:
    huge = Usage(1 << 40, 1 << 50)
    Quota().check(NONE, huge, "ann")
    assert Quota().beyond(huge) is None
    assert Quota(files=1).beyond(huge) == "files"
    assert Quota(bytes=1).beyond(huge) == "bytes"
    assert [quota.is_set for quota in (Quota(), Quota(files=1), Quota(bytes=0))] == [False, True, True]


def test_the_room_that_is_left_counts_what_is_replaced() -> None:
    quota = Quota(bytes=10)
    assert [quota.room_bytes(Usage(1, used), freed) for used, freed in ((4, 0), (4, 4), (10, 0), (30, 7))] == [
        6,
        10,
        0,
        7,
    ]
    assert Quota(files=1).room_bytes(Usage(1, 4), 0) is None


def test_a_crew_has_one_account_and_people_have_none() -> None:
    assert [account(name) for name in ("ann", "team/one", "owner", "external", "import")] == [
        "ann",
        "team",
        None,
        None,
        None,
    ]
