"""Source code by its syntax tree: functions, types and constants with their signatures, summaries and open tasks."""

from functools import partial
from typing import Final

from indexer.collector import Collector, Malformed
from indexer.extractors.code import remarks
from indexer.extractors.code.languages import LANGUAGES, Language
from indexer.extractors.code.parsing import Places, grammar, parse
from indexer.extractors.code.symbols import Symbol, symbols_of
from indexer.extractors.registry import Extractor
from indexer.limits import CODE_CHARS_MAX


def extract_code(out: Collector, *, language: Language) -> None:
    """Add a symbol for each declaration that others can name, the summary above it, and the tasks in comments.

    Where some of the text does not parse, what does is kept.
    """
    text = out.document.text
    source = text.encode("utf-8", "replace")
    known = grammar(*language.grammar)
    root = parse(text, source, known)
    symbols = symbols_of(root, source, language, out.tick)
    if root.has_error and not symbols:
        raise Malformed(f"not readable as {language.title}")
    places = Places(source)
    out.title = out.document.name
    for symbol in symbols:
        _add_symbol(out, symbol, places)
    if remarks.may_have_todos(text):
        comments = list(remarks.comments_of(root, known, language.comments))
        owners = [(symbol.start, symbol.whole_end, symbol.name) for symbol in symbols]
        for (start, end), subject in zip(comments, remarks.innermost(comments, owners), strict=True):
            remarks.add_todos(out, places.char(start), places.char(end), _named(out, subject))


def _add_symbol(out: Collector, symbol: Symbol, places: Places) -> None:
    name = _named(out, symbol.name)
    start, end = places.char(symbol.start), places.char(symbol.end)
    out.fact(
        "symbol",
        subject=name,
        key=symbol.key,
        value=out.document.text[start:end],
        start=start,
        end=end,
        pointer=name,
        entity=False,
    )
    found = remarks.summary(out.document.text, [(places.char(begin), places.char(stop)) for begin, stop in symbol.docs])
    if found:
        start, end, value = found
        out.fact("symbol", subject=name, key="summary", value=value, start=start, end=end, entity=False)


def _named(out: Collector, name: str) -> str:
    return f"{out.document.name}.{name}" if name else out.document.name


CODE: Final = tuple(
    Extractor(
        name=language.name,
        version=1,
        suffixes=language.suffixes,
        media_types=language.media_types,
        chars_max=CODE_CHARS_MAX,
        extract=partial(extract_code, language=language),
    )
    for language in LANGUAGES
)
