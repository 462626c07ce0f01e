"""The house rules that no linter knows: rooms of a size one can know, and names that say something."""

import ast
from pathlib import Path

from tests.project.tree import ROOT, sources

PRODUCT = ("workspace_server", "indexer", "clients")
LINES_PER_FILE_MAX = 400
THOUGHT_OVER: dict[str, int] = {}
"""Longer rooms, which stay whole for a reason, and how far they may still grow."""
LINES_PER_FUNCTION_MAX = 70
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "stuff"}
ROLES = ROOT / "workspace_server/demo/agents"
"""Where a manager is a person of the story."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_file_can_be_known_as_one_knows_a_room() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in sources(*PRODUCT)}

    too_long = {file for file, lines in lengths.items() if lines > THOUGHT_OVER.get(file, LINES_PER_FILE_MAX)}
    assert {file: lengths[file] for file in too_long} == {}
    assert [file for file in THOUGHT_OVER if lengths.get(file, 0) <= LINES_PER_FILE_MAX] == [], "no exception needed"


def test_every_function_fits_on_a_page() -> None:
    long = {}
    for path in sources(*PRODUCT):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > LINES_PER_FUNCTION_MAX:
                    long[f"{name(path)}:{node.name}"] = lines

    assert long == {}


def test_every_module_is_named_after_what_lives_in_it() -> None:
    empty = [path for path in sources(*PRODUCT) if path.stem in EMPTY_NAMES and path.parent != ROLES]
    assert [name(path) for path in empty] == []


def test_every_module_opens_with_a_sentence() -> None:
    assert [name(path) for path in sources(*PRODUCT) if not ast.get_docstring(ast.parse(path.read_text()))] == []
