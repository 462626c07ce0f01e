"""Tools that answer from the index, so that whole files need not be read."""

from typing import TYPE_CHECKING, Literal

from workspace_server.core.access import Caller
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools.fields import Count

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine


class Search(Arguments):
    """What to look for, and where."""

    query: str
    mode: Literal["ranked", "exact", "regex"] = "ranked"
    path: str | None = None
    media_type: str | None = None
    modified_by: str | None = None
    modified_after: str | None = None
    context_lines: Count = 0
    limit: Count = 10
    max_tokens: Count = 2000
    min_seq: Count | None = None


class QueryFacts(Arguments):
    """Which facts."""

    query: str | None = None
    subject: str | None = None
    key: str | None = None
    path: str | None = None
    kind: str | None = None
    detail: Literal["brief", "full"] = "brief"
    as_of_seq: Count | None = None
    limit: Count = 20
    max_tokens: Count = 1500
    min_seq: Count | None = None


class DescribeFile(Arguments):
    """Which file, in how many tokens."""

    path: str
    version: Count | None = None
    max_tokens: Count = 400


async def search(engine: "Engine", caller: Caller, given: Search) -> Answer:
    """Find passages."""
    return await engine.search.search(caller, **given.model_dump())


async def query_facts(engine: "Engine", caller: Caller, given: QueryFacts) -> Answer:
    """Find facts."""
    return await engine.search.query_facts(caller, **given.model_dump())


async def describe_file(engine: "Engine", caller: Caller, given: DescribeFile) -> Answer:
    """Say what a file is about."""
    return await engine.search.describe_file(caller, **given.model_dump())


TOOLS = (
    ToolSpec(
        name="search",
        description=(
            "Find passages in all files, each with path, version and lines. ranked (default) finds by words and"
            " forgives endings; exact and regex go through every line of every file and count all matches. Narrow with"
            " path (a path, 'dir/' or pattern), media_type, modified_by, modified_after (ISO time). `complete` false"
            " means that the newest saves are not indexed yet: pass min_seq, the seq that a write returned, to wait."
            " Example: search(query='rate limit', path='research/')"
        ),
        params=Search,
        verb="search",
        handler=search,
        core=True,
        changes=False,
    ),
    ToolSpec(
        name="query_facts",
        description=(
            "Ask for single facts instead of reading files: each is one short statement with its citation"
            " path@version:line. Use it first when you build on what others wrote; cite what you use. Facts come from"
            " front matter, 'Key: value' lines, table cells, JSON/YAML/TOML fields, '- [category] text' lines,"
            " Decision:, TODO: and RISK: lines, headings, numbers with units. Filter by subject, key, path or kind."
            " `conflicts` lists facts from different files that contradict each other: settle them before you go on."
            " as_of_seq=N answers as of change N. Example: query_facts(query='license', path='research/')"
        ),
        params=QueryFacts,
        verb="search",
        handler=query_facts,
        core=True,
        changes=False,
    ),
    ToolSpec(
        name="describe_file",
        description=(
            "What a file is about in a few hundred tokens: outline, key facts, what it was made from and what was"
            " made from it. Look here before you read a long file."
            " Example: describe_file(path='research/anyio/overview.md')"
        ),
        params=DescribeFile,
        verb="search",
        handler=describe_file,
        core=True,
        changes=False,
    ),
)
