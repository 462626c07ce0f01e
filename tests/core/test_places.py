"""Who of many connections may stay."""

from workspace_server.core.places import Places


def test_the_one_that_rests_longest_makes_room_for_the_next() -> None:
    places = Places[str](most=2, most_of_one=2)
    assert places.enter("a", "here") == (True, None)
    assert places.enter("b", "there") == (True, None)
    assert places.enter("c", "else") == (True, "a")
    assert len(places) == 2


def test_one_that_is_at_work_keeps_its_place() -> None:
    places = Places[str](most=2, most_of_one=2)
    places.enter("a", "here")
    places.work("a")
    places.enter("b", "there")
    assert places.enter("c", "else") == (True, "b")
    places.work("c")
    assert places.enter("d", "else") == (False, None)
    places.rest("a")
    assert places.enter("d", "else") == (True, "a")


def test_an_address_takes_places_from_nobody_else() -> None:
    places = Places[str](most=9, most_of_one=2)
    for guest in ("other", "a", "b"):
        places.enter(guest, "there" if guest == "other" else "here")
    assert places.enter("c", "here") == (True, "a")
    for guest in ("b", "c"):
        places.work(guest)
    assert places.enter("d", "here") == (False, None)
    assert places.enter("d", "there") == (True, None)


def test_an_address_that_stands_for_many_is_bounded_by_the_total_alone() -> None:
    places = Places[str](most=3, most_of_one=1)
    for guest in "abc":
        assert places.enter(guest, "proxy", counts=False) == (True, None)
    assert places.enter("d", "proxy", counts=False) == (True, "a")


def test_who_leaves_gives_its_place_back_and_may_say_so_twice() -> None:
    places = Places[str](most=1, most_of_one=1)
    places.enter("a", "here")
    places.leave("a")
    places.leave("a")
    places.rest("a")
    assert len(places) == 0
    assert places.enter("b", "here") == (True, None)
    places.rest("b")
    places.leave("b")
    assert len(places) == 0
