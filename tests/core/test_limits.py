"""The table of bounds."""

import ast
import inspect

from workspace_server.core import limits
from workspace_server.core.limits import LIMITS, Limits, table


def test_every_bound_is_in_the_table_and_positive() -> None:
    assert dict(table()) == {name: getattr(LIMITS, name) for name in Limits.__annotations__}
    assert all(value > 0 for _, value in table())


def test_every_bound_says_what_it_bounds() -> None:
    [body] = [
        node.body
        for node in ast.parse(inspect.getsource(limits)).body
        if isinstance(node, ast.ClassDef) and node.name == "Limits"
    ]
    for field, meaning in zip(body[1::2], body[2::2], strict=True):
        assert isinstance(field, ast.AnnAssign)
        assert isinstance(meaning, ast.Expr), ast.unparse(field)
        assert isinstance(meaning.value, ast.Constant)


def test_the_bounds_fit_together() -> None:
    assert LIMITS.lock_ttl_s_min < LIMITS.lock_ttl_s_max
    assert LIMITS.tokens_min < LIMITS.tokens_max
    assert LIMITS.inline_bytes_max < LIMITS.tool_content_bytes_max < LIMITS.request_bytes_max < LIMITS.file_bytes_max
    assert LIMITS.name_bytes_max < LIMITS.path_bytes_max
