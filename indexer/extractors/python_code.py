"""Python: modules, classes, functions and constants with their signatures, read by ``ast`` and never run."""

import ast
import contextlib
import io
import tokenize
import warnings
from typing import Final

from indexer.collector import Collector, Malformed
from indexer.extractors.code import remarks
from indexer.extractors.registry import Extractor
from indexer.limits import CODE_CHARS_MAX

_FILE_NAME: Final = "<indexed>"
_WRITTEN_OUT: Final = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.List, ast.Set, ast.Dict)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def extract_python(out: Collector) -> None:
    """Add a symbol for what can be reached by name, the first line of its docstring, and the tasks in comments."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=_FILE_NAME)  # what the file's author should know, not our log
            tree = ast.parse(out.document.text, filename=_FILE_NAME)
    except SyntaxError as error:
        raise Malformed(f"not valid Python at line {error.lineno}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Malformed(f"not readable as Python: {type(error).__name__}") from None
    module = out.document.name
    out.title = module
    if summary := _summary(tree):
        _add_docstring(out, tree, module, summary)
    _add_definitions(out, tree.body, module)
    if remarks.may_have_todos(out.document.text):
        _add_todos(out, tree, module)


def _add_definitions(out: Collector, body: list[ast.stmt], owner: str) -> None:
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            _add_constant(out, node, owner)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        is_class = isinstance(node, ast.ClassDef)
        name = f"{owner}.{node.name}"
        start, end = _signature_span(out, node)
        out.fact(
            "symbol",
            subject=name,
            key="class" if is_class else "function",
            value=" ".join(out.document.text[start:end].split()),
            start=start,
            end=end,
            pointer=name,
            entity=False,
        )
        if summary := _summary(node):
            _add_docstring(out, node, name, summary)
        if isinstance(node, ast.ClassDef):
            _add_definitions(out, node.body, name)


def _add_constant(out: Collector, node: ast.Assign | ast.AnnAssign, owner: str) -> None:
    """Keep a name in capitals with its value, when that is written out."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Name) or not target.id.isupper() or not isinstance(node.value, _WRITTEN_OUT):
        return
    start, end = _span(out, node)
    name = f"{owner}.{target.id}"
    value = out.document.text[start:end]
    out.fact("symbol", subject=name, key="constant", value=value, start=start, end=end, pointer=name, entity=False)


def _add_todos(out: Collector, tree: ast.Module, module: str) -> None:
    """Keep what comments mark as to be done, each with the class or function that it stands in."""
    spans: list[tuple[int, int]] = []
    with contextlib.suppress(tokenize.TokenError, IndentationError):  # the two readers of Python may not agree
        for token in tokenize.generate_tokens(io.StringIO(out.document.text, newline="\n").readline):
            out.tick()
            if token.type == tokenize.COMMENT:
                start = out.document.offset_of(*token.start)
                spans.append((start, start + len(token.string)))
    for (start, end), subject in zip(spans, remarks.innermost(spans, _bodies(out, tree, module)), strict=True):
        remarks.add_todos(out, start, end, subject or module)


def _bodies(out: Collector, tree: ast.Module, module: str) -> list[tuple[int, int, str]]:
    """Return the spans and names of all classes and functions that have a symbol, in their order."""
    found = []
    waiting = [(each, module) for each in tree.body]
    while waiting:
        node, owner = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{owner}.{node.name}"
            found.append((*_span(out, node), name))
            if isinstance(node, ast.ClassDef):
                waiting += [(each, name) for each in node.body]
    return sorted(found)


def _span(out: Collector, node: ast.stmt) -> tuple[int, int]:
    return (
        _offset(out, node.lineno, node.col_offset),
        _offset(out, node.end_lineno or node.lineno, node.end_col_offset or 0),
    )


def _summary(node: ast.Module | _Definition) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0].strip()


def _add_docstring(out: Collector, node: ast.Module | _Definition, subject: str, summary: str) -> None:
    """Keep the first line of a docstring, if it stands in the text as it reads (escapes may change it)."""
    first = node.body[0]
    start = out.document.text.find(summary, _offset(out, first.lineno, first.col_offset))
    if start >= 0 and out.document.line_of(start) <= (first.end_lineno or first.lineno):
        out.fact(
            "symbol", subject=subject, key="summary", value=summary, start=start, end=start + len(summary), entity=False
        )


def _signature_span(out: Collector, node: _Definition) -> tuple[int, int]:
    """Return the span from ``def`` or ``class`` to before the colon that opens the body."""
    start = _offset(out, node.lineno, node.col_offset)
    body = node.body[0]
    first_line = min([body.lineno, *(each.lineno for each in getattr(body, "decorator_list", []))])
    stop = _offset(out, first_line, 0 if first_line != node.lineno else body.col_offset)
    parts = [each for each in (*_parameters(node), getattr(node, "returns", None)) if each is not None]
    after = max((_offset(out, each.end_lineno or 0, each.end_col_offset or 0) for each in parts), default=start)
    colon = out.document.text.find(":", after, stop)
    return start, colon if colon >= 0 else stop


def _parameters(node: _Definition) -> list[ast.expr | ast.arg]:
    if isinstance(node, ast.ClassDef):
        return [*node.bases, *(keyword.value for keyword in node.keywords)]
    args = node.args
    every = [
        *args.posonlyargs,
        *args.args,
        *args.kwonlyargs,
        args.vararg,
        args.kwarg,
        *args.defaults,
        *args.kw_defaults,
    ]
    return [each for each in every if each is not None]


def _offset(out: Collector, line: int, column_utf8: int) -> int:
    """Return the character offset of a place that ``ast`` gives as line and UTF-8 column."""
    start = out.document.offset_of(line)
    text = out.document.text
    if not column_utf8:
        return start
    stretch = text[start : start + column_utf8]
    return start + (column_utf8 if stretch.isascii() else len(stretch.encode()[:column_utf8].decode(errors="ignore")))


PYTHON: Final = Extractor(
    name="python",
    version=2,
    suffixes=(".py", ".pyi"),
    media_types=("text/x-python",),
    chars_max=CODE_CHARS_MAX,
    extract=extract_python,
)
