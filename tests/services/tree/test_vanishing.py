"""Whether files that vanished were deleted, or the folder is in trouble."""

from workspace_server.services.tree.vanishing import FILES_MIN, WINDOW_S, DeletionGuard


class Turned:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_small_share_is_recorded() -> None:
    guard = DeletionGuard(share_max=0.5)
    assert guard.allows(50, 100, stands=True)
    assert guard.stopped is None


def test_a_large_share_is_not_and_says_so() -> None:
    guard = DeletionGuard(share_max=0.5)
    assert not guard.allows(51, 100, stands=True)
    assert guard.stopped is not None


def test_a_few_files_are_recorded_whatever_their_share() -> None:
    assert DeletionGuard(share_max=0.5).allows(FILES_MIN, FILES_MIN, stands=True)


def test_what_vanishes_in_parts_counts_together_and_time_does_not_make_it_less() -> None:
    clock = Turned()
    guard = DeletionGuard(share_max=0.5, clock_s=clock)
    assert guard.allows(40, 100, stands=True)
    guard.recorded(40)
    assert not guard.allows(30, 60, stands=True)
    clock.now_s += WINDOW_S + 1
    assert not guard.allows(30, 60, stands=True)
    assert guard.allows(10, 60, stands=True)
    assert guard.stopped is None


def test_however_long_the_first_part_takes_to_be_recorded_the_next_counts_with_it() -> None:
    clock = Turned()
    guard = DeletionGuard(share_max=0.5, clock_s=clock)
    assert guard.allows(40, 100, stands=True)
    clock.now_s += WINDOW_S + 1
    guard.recorded(40)
    assert not guard.allows(30, 60, stands=True)


def test_what_vanishes_much_later_is_another_matter() -> None:
    clock = Turned()
    guard = DeletionGuard(share_max=0.5, clock_s=clock)
    guard.recorded(40)
    clock.now_s += WINDOW_S + 1
    assert guard.allows(30, 60, stands=True)


def test_once_stopped_a_few_files_are_not_recorded_either_until_enough_are_back() -> None:
    guard = DeletionGuard(share_max=0.5)
    assert not guard.allows(FILES_MIN + 2, FILES_MIN + 2, stands=True)
    assert not guard.allows(FILES_MIN - 1, FILES_MIN + 2, stands=True)
    assert not guard.allows(1, FILES_MIN + 2, stands=True, everywhere=False)
    assert guard.allows(FILES_MIN // 2, FILES_MIN + 2, stands=True)


def test_the_next_server_goes_on_from_what_the_last_one_held_unless_it_is_told_otherwise() -> None:
    guard, again, told = DeletionGuard(share_max=0.5), DeletionGuard(share_max=0.5), DeletionGuard(share_max=1.0)
    guard.recorded(1_932)
    assert not guard.allows(768, 2_068, stands=True)
    again.held = told.held = guard.held
    assert not again.allows(768, 2_068, stands=True)
    assert told.allows(768, 2_068, stands=True)
    assert told.held is None


def test_nothing_is_recorded_while_the_folder_is_away() -> None:
    guard = DeletionGuard(share_max=1.0)
    assert not guard.allows(0, 100, stands=False)
    assert guard.stopped is not None
    assert guard.allows(0, 100, stands=True)
    assert guard.stopped is None


def test_a_look_at_a_part_does_not_say_that_all_is_well() -> None:
    guard = DeletionGuard(share_max=0.5)
    assert not guard.allows(15, 20, stands=True)
    assert guard.allows(0, 20, stands=True, everywhere=False)
    assert guard.stopped is not None
    assert guard.allows(0, 20, stands=True)
    assert guard.stopped is None
