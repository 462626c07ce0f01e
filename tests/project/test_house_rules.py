"""The house rules that no linter knows: rooms of a size one can know, and names that say something."""

import ast
from pathlib import Path

from tests.project.tree import ROOT, sources

PRODUCT = ("workspace_server", "indexer", "clients")
LINES_PER_FILE_MAX = 400
LINES_PER_FUNCTION_MAX = 70
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "stuff"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_file_can_be_known_as_one_knows_a_room() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in sources(*PRODUCT)}

    assert {file: lines for file, lines in lengths.items() if lines > LINES_PER_FILE_MAX} == {}


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
    assert [name(path) for path in sources(*PRODUCT) if path.stem in EMPTY_NAMES] == []


def test_every_module_opens_with_a_sentence() -> None:
    assert [name(path) for path in sources(*PRODUCT) if not ast.get_docstring(ast.parse(path.read_text()))] == []
