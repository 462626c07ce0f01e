"""Write the tables of the reference pages from the code: `reference.py` rewrites them in docs/.

A page holds the words; what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` comes from here, so that a
default or a bound on a page is the one in force.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from workspace_server import config
from workspace_server.core import limits
from workspace_server.interfaces.http import openapi
from workspace_server.interfaces.http.api import Api

DOCS = Path(__file__).resolve().parents[1] / "docs"
UNITS = {limits.GIB: "GiB", limits.MIB: "MiB", limits.KIB: "KiB"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def shown(value: object) -> str:
    """Return a default as a person would write it in the settings file."""
    match value:
        case None:
            return "-"
        case bool():
            return f"`{str(value).lower()}`"
        case str():
            return f'`"{value}"`'
        case tuple():
            return ", ".join(f"`{part}`" for part in value) or "none"
        case _:
            return f"`{value}`"


def settings() -> str:
    """Return every setting with its names, default and meaning."""
    rows = [
        [f"`{row.key}`", f"`{row.variable}`", f"`{row.flag}`" if row.flag else "-", shown(row.default), row.meaning]
        for row in config.table()
    ]
    return table(["Setting", "Environment", "Flag of `serve`", "Default", "Meaning"], rows)


def amount(name: str, value: float) -> str:
    """Return a bound with the unit that its name ends in."""
    if "bytes" in name:
        unit = next((one for one in UNITS if value >= one and value % one == 0), None)
        return f"{value // unit} {UNITS[unit]}" if unit else f"{value:,} bytes"
    if name.endswith("_s") or "_s_" in name:
        return f"{value:,} s"
    return f"{value:,}"


def meanings() -> dict[str, str]:
    """Return the docstring below each attribute of the table of limits."""
    [page] = [node for node in ast.parse(inspect.getsource(limits.Limits)).body if isinstance(node, ast.ClassDef)]
    found = {}
    for one, after in zip(page.body, page.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(after, ast.Expr):
            assert isinstance(after.value, ast.Constant)
            found[one.target.id] = str(after.value.value)
    return found


def bounds() -> str:
    """Return every limit with its value and meaning."""
    meaning = meanings()
    rows = [[f"`{name}`", amount(name, value), meaning[name]] for name, value in limits.table()]
    return table(["Limit", "Value", "Meaning"], rows)


def operations() -> str:
    """Return every operation of the HTTP API with its parameters and the members of its body."""
    described = openapi.describe(Api(None, None).table)  # type: ignore[arg-type]  # nothing is called
    schemas = described["components"]["schemas"]
    rows = [
        [f"`{method.upper()} {address.removeprefix(openapi.PREFIX)}`", one["summary"], taken(one, schemas)]
        for address, methods in described["paths"].items()
        for method, one in methods.items()
    ]
    return table(["Operation", "What it does", "Takes"], rows)


def taken(operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    """Return the query parameters and body members of one operation."""
    given = [(one["name"], one["required"]) for one in operation["parameters"] if one["in"] == "query"]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/octet-stream" in content:
        return ", ".join([names(given), "the bytes"] if given else ["the bytes"])
    if content:
        body = schemas[content["application/json"]["schema"]["$ref"].rpartition("/")[2]]
        given += [(name, name in body.get("required", [])) for name in body["properties"]]
    return names(given) or "-"


def names(given: list[tuple[str, bool]]) -> str:
    """Return names with commas between, those that are required in bold."""
    return ", ".join(f"**`{name}`**" if required else f"`{name}`" for name, required in given)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("settings.md", settings),
    "limits": ("limits.md", bounds),
    "operations": ("http-api.md", operations),
}
"""Of each table: the page it stands on, and what makes it."""


def renewed(page: str, name: str, content: str) -> str:
    """Return *page* with the table *name* replaced by *content*."""
    block = re.compile(rf"(?<=<!-- begin {name} -->\n).*?(?=<!-- end {name} -->)", re.DOTALL)
    text, count = block.subn(lambda _: content + "\n", page)
    assert count == 1, f"the page must have one place for the table {name}"
    return text


def main() -> int:
    """Rewrite every table in its page."""
    for name, (page, make) in TABLES.items():
        path = DOCS / page
        path.write_text(renewed(path.read_text(encoding="utf-8"), name, make()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
