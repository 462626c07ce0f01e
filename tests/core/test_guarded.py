"""Which files are guarded, in whatever spelling."""

import pytest

from workspace_server.config import Settings
from workspace_server.core.guarded import Guarded
from workspace_server.core.paths import canonical_file

DEFAULT = Guarded(Settings().guarded_files)


@pytest.mark.parametrize(
    "path",
    [
        "CLAUDE.md",
        "claude.MD",
        "a/b/Agents.md",
        "\uff23\uff2c\uff21\uff35\uff24\uff25.md",  # full width
        "CLAUDE\ufe0f.md",  # a mark that chooses a glyph and shows nothing
        "\U0001d402LAUDE.md",  # a mathematical bold C
        ".v\u017fcode/tasks.json",  # the long s
        ".VSCODE/a/b.json",
        "x/.Cursor/rules/all.mdc",
        ".mcp.JSON",
        ".github/COPILOT-instructions.md",
    ],
)
def test_a_guarded_name_is_guarded_in_every_spelling(path: str) -> None:
    assert DEFAULT.covers(canonical_file(path))


@pytest.mark.parametrize(
    "path", ["CLAUDE.md.txt", "my-CLAUDE.md", "claude/a.md", "vscode/a.json", ".vscode", "copilot-instructions.md"]
)
def test_other_names_are_free(path: str) -> None:
    assert not DEFAULT.covers(path)


def test_a_pattern_without_a_name_of_its_own_is_compared_with_every_path() -> None:
    guarded = Guarded(["**/*.rules", "ops/[ab].md", "deep/**", "exact.md"])
    covered = ["x.RULES", "a/b/x.rules", "ops/A.md", "deep/a/b", "exact.md"]
    assert [path for path in covered if not guarded.covers(path)] == []
    assert not any(guarded.covers(path) for path in ("ops/c.md", "a/deep/x", "a/exact.md", "rules"))
