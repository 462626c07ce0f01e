"""Runs: each step after what it follows from, the first failure found, bounded in length and depth."""

from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.runs import Kind, Run, State, Step, put_in_order


def step(name: str, at: float, *after: str, kind: Kind = "change", state: State = "done") -> Step:
    return Step(name=name, kind=kind, at=at, state=state, after=after)


def order(*steps: Step, steps_max: int = 100, depth_max: int = 16) -> Run:
    return put_in_order(steps, steps_max=steps_max, depth_max=depth_max)


def told(run: Run) -> list[tuple[str, int, float | None]]:
    return [(placed.step.name, placed.depth, placed.gap_s) for placed in run.steps]


def test_a_chain_is_told_from_its_first_change_to_its_last() -> None:
    run = order(
        step("#4", 9, "J1"),
        step("J1", 3, "F1", kind="job"),
        step("F1", 2, "#1", kind="firing"),
        step("#1", 1),
    )
    assert told(run) == [("#1", 0, None), ("F1", 1, 1), ("J1", 1, 1), ("#4", 1, 6)]
    assert (run.state, run.wrong, run.more) == ("done", None, False)


def test_what_needed_several_changes_stands_below_the_last_of_them() -> None:
    run = order(step("#1", 1), step("#2", 2), step("#3", 3), step("F1", 4, "#3", "#1", "#2", kind="firing"))
    assert told(run) == [("#1", 0, None), ("#2", 0, None), ("#3", 0, None), ("F1", 1, 1)]


def test_what_one_change_set_off_twice_stands_by_its_time() -> None:
    run = order(
        step("#1", 1),
        step("F1", 2, "#1", kind="firing"),
        step("F2", 3, "#1", kind="firing"),
        step("#5", 9, "F1"),
        step("#4", 8, "F2"),
    )
    assert [name for name, _, _ in told(run)] == ["#1", "F1", "#5", "F2", "#4"]


def test_the_failure_that_came_first_is_the_one_that_went_wrong() -> None:
    run = order(
        step("F1", 1, kind="firing"),
        step("msg_b", 3, "F1", kind="delivery", state="failed"),
        step("msg_a", 2, "F1", kind="delivery", state="failed"),
        step("J1", 4, "F1", kind="job", state="waiting"),
    )
    assert (run.state, run.wrong) == ("failed", "msg_a")


def test_a_run_is_as_far_as_what_is_not_done_in_it() -> None:
    assert order().state == "done"
    assert order(step("J1", 1, state="going"), step("J2", 1)).state == "going"
    assert order(step("J1", 1, state="going"), step("J2", 1, state="waiting")).state == "waiting"


def test_a_cause_that_seems_to_come_later_is_none() -> None:
    assert told(order(step("a", 1, "b"), step("b", 2, "a"))) == [("a", 0, None), ("b", 0, 1)]
    assert told(order(step("a", 1, "a", "gone"))) == [("a", 0, None)]


def test_a_long_run_is_cut_and_says_so() -> None:
    steps = [step(f"#{number}", number) for number in range(5)]
    run = order(*steps, steps_max=3)
    assert [name for name, _, _ in told(run)] == ["#0", "#1", "#2"]
    assert run.more


def test_a_deep_run_says_how_much_follows_that_it_leaves_out() -> None:
    run = order(
        step("F1", 1, kind="firing"), step("#2", 2, "F1"), step("F2", 3, "#2", kind="firing"), step("#4", 4, "F2"),
        depth_max=2,
    )  # fmt: skip
    assert [(placed.step.name, placed.beside) for placed in run.steps] == [("F1", 0), ("#2", 0), ("F2", 1)]
    assert run.more


@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 30), max_size=4)), max_size=30))
def test_every_step_is_told_once_and_after_what_it_stands_below(drawn: list[tuple[int, list[int]]]) -> None:
    steps = [step(str(n), at, *map(str, after)) for n, (at, after) in enumerate(drawn)]
    run = put_in_order(steps, steps_max=1_000, depth_max=1_000)
    names = [placed.step.name for placed in run.steps]
    assert sorted(names) == sorted(one.name for one in steps)
    assert all(placed.gap_s is None or placed.gap_s >= 0 for placed in run.steps)


def test_what_needed_files_of_several_runs_stands_as_deep_as_the_deepest_of_them() -> None:
    run = order(
        step("F1", 1, kind="firing"),
        step("#2", 2, "F1"),
        step("#3", 3, "F9"),
        step("F2", 4, "#2", "#3", kind="firing"),
    )
    assert told(run) == [("F1", 1, None), ("#2", 1, 1), ("#3", 0, None), ("F2", 2, 1)]
