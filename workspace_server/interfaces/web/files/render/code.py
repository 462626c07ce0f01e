"""Source text as lines of highlighted HTML."""

from functools import lru_cache

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

from workspace_server.interfaces.web.visible import visible

CHARS_MAX = 300_000
"""Longer text is shown plain: highlighting costs about 1 s per MB."""
LINE_CHARS_MAX = 2_000
"""Text with longer lines is shown plain: that is where expressions of lexers backtrack without end."""

_BY_SUFFIX = {
    "bash": "bash", "c": "c", "cc": "cpp", "cfg": "ini", "cpp": "cpp", "cs": "csharp", "css": "css", "diff": "diff",
    "go": "go", "h": "c", "hpp": "cpp", "htm": "html", "html": "html", "ini": "ini", "java": "java",
    "js": "javascript", "json": "json", "jsonl": "json", "jsx": "jsx", "kt": "kotlin", "lua": "lua", "md": "markdown",
    "mjs": "javascript", "ndjson": "json", "patch": "diff", "php": "php", "py": "python", "pyi": "python", "r": "r",
    "rb": "ruby", "rs": "rust", "scala": "scala", "sh": "bash", "sql": "sql", "svg": "xml", "swift": "swift",
    "toml": "toml", "ts": "typescript", "tsx": "tsx", "xml": "xml", "yaml": "yaml", "yml": "yaml", "zsh": "bash",
}  # fmt: skip
"""Only lexers that are known to be quick; a hostile file chooses among these."""
_BY_NAME = {"dockerfile": "docker", "makefile": "make", "gnumakefile": "make"}
_ALIASES = {*_BY_SUFFIX.values(), *_BY_NAME.values(), "console", "http", "text"}
_MORE_ALIASES = {**_BY_SUFFIX, "shell": "bash", "python3": "python", "py3": "python", "c++": "cpp"}


def lexer_name(path: str) -> str | None:
    """Return which language a file is highlighted as, by its name; None is plain text."""
    name = path.rpartition("/")[2].lower()
    return _BY_NAME.get(name) or _BY_SUFFIX.get(name.rpartition(".")[2] if "." in name else "")


def highlighted_lines(text: str, language: str | None) -> list[Markup]:
    """Return the lines of *text* as HTML; markup never spans a line's end."""
    shown = visible(text)
    lexer = None if language is None or not _is_quick(shown) else _lexer(_MORE_ALIASES.get(language, language))
    if lexer is None:
        return [escape(line) for line in _lines(shown)]
    formatter = HtmlFormatter(nowrap=True)
    return [Markup(line) for line in _lines(highlight(shown, lexer, formatter))]  # noqa: S704 - the formatter escapes


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _is_quick(text: str) -> bool:
    return len(text) <= CHARS_MAX and max(map(len, text.split("\n"))) <= LINE_CHARS_MAX


@lru_cache(maxsize=64)
def _lexer(alias: str) -> Lexer | None:
    return get_lexer_by_name(alias, stripnl=False, ensurenl=False) if alias in _ALIASES else None
