"""What `KEY=VALUE` words mean to a tool."""

from pathlib import Path
from typing import Any

import pytest

from workspace_server.cli.call import _arguments
from workspace_server.errors import InvalidArgument

SCHEMA: dict[str, Any] = {
    "path": {"type": "string"},
    "mode": {"enum": ["all", "any"]},
    "limit": {"type": "integer"},
    "append": {"type": "boolean"},
    "edits": {"type": "array"},
    "files": {"type": "array"},
    "lock": {"anyOf": [{"type": "string"}, {"type": "array"}]},
}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["path=12"], {"path": "12"}),
        (["path=true", "mode=all"], {"path": "true", "mode": "all"}),
        (["limit=12", "append=true"], {"limit": 12, "append": True}),
        (["limit=many"], {"limit": "many"}),
        (["path=a=b"], {"path": "a=b"}),
        (["path=@@home"], {"path": "@home"}),
        (['edits=[{"old_text": "a"}]'], {"edits": [{"old_text": "a"}]}),
        (["files=a.md"], {"files": ["a.md"]}),
        (["files=a.md", "files=b.md"], {"files": ["a.md", "b.md"]}),
        (["lock=L1"], {"lock": "L1"}),
        (['lock=["L1", "L2"]'], {"lock": ["L1", "L2"]}),
        (["new=text"], {"new": "text"}),
    ],
)
def test_a_word_means_what_the_tool_takes(words: list[str], meant: dict[str, Any]) -> None:
    assert _arguments(words, SCHEMA) == meant


def test_a_value_may_be_the_content_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "draft.md"
    file.write_text("# Draft\n")
    assert _arguments([f"path=@{file}"], SCHEMA) == {"path": "# Draft\n"}


@pytest.mark.parametrize("word", ["path", "path=@/no/such/file"])
def test_a_word_that_means_nothing_is_refused(word: str) -> None:
    with pytest.raises(InvalidArgument):
        _arguments([word], SCHEMA)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "image.png"
    file.write_bytes(b"\x89PNG\xff")
    with pytest.raises(InvalidArgument, match="base64"):
        _arguments([f"path=@{file}"], SCHEMA)
