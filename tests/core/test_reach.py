"""Which scopes a trigger lies in, decided from what it names."""

from typing import Any

import pytest

from workspace_server.core.access import Caller
from workspace_server.core.scopes import parse_scope
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.reach import has, has_all, reach, require_all_of
from workspace_server.errors import Forbidden

HOURLY = {"schedule": "0 * * * *"}
PART = Caller(agent="bob", scope=parse_scope(["read,trigger:open/**"]))
ALL = Caller(agent="eve", scope=parse_scope(["read,trigger:**"]))


@pytest.mark.parametrize(
    ("fields", "lies_in"),
    [
        ({"files": ["open/a.md"]}, True),
        ({"files": ["open/"]}, True),
        ({"files": ["open/{topic}/a.md", "open/{topic}/b.md"], "mode": "all"}, True),
        ({"files": ["open/*"], "not_files": ["open/*.tmp"]}, True),
        ({"files": ["open/*"], "not_files": ["shut/a.md"]}, False),
        ({"files": ["open/a.md", "shut/a.md"]}, False),
        ({"files": ["{topic}/a.md"]}, False),
        ({"files": ["**"]}, False),
        ({"files": ["open/a.md"], **HOURLY}, True),
        (HOURLY, False),
        ({"files": ["open/*"], "manifest": "open/list.txt", "mode": "all"}, True),
        ({"files": ["open/*"], "manifest": "list.txt", "mode": "all"}, False),
        ({"manifest": "open/list.txt", "mode": "all"}, False),
        ({"files": ["open/a.md"], "manifest": "open/list.txt", "mode": "all"}, False),
    ],
)
def test_a_trigger_lies_in_a_scope_with_all_that_it_names_and_may_list(fields: dict[str, Any], lies_in: bool) -> None:
    rule = parse_definition({"name": "t", "queue": "q", **fields})
    assert has(ALL, reach(rule))
    require_all_of(ALL, rule)
    assert has(PART, reach(rule)) is lies_in
    if lies_in:
        require_all_of(PART, rule)
        return
    with pytest.raises(Forbidden):
        require_all_of(PART, rule)


@pytest.mark.parametrize("grants", [["read:**", "trigger:open/**"], ["trigger:**", "read:open/**"], ["trigger:**"]])
def test_it_takes_both_verbs_for_all_of_it(grants: list[str]) -> None:
    caller = Caller(agent="bob", scope=parse_scope(grants))
    assert not has_all(caller)
    assert not has(caller, reach(parse_definition({"name": "t", "queue": "q", "files": ["open/a.md", "shut/a.md"]})))
    assert has(caller, reach(parse_definition({"name": "t", "queue": "q", "files": ["open/a.md"]}))) is (
        len(grants) > 1
    )
    with pytest.raises(Forbidden):
        require_all_of(caller, parse_definition({"name": "t", "queue": "q", "files": ["shut/a.md"]}))
