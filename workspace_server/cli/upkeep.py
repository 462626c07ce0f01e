"""`gc`, `reindex` and `purge`: clear up, make the index anew, and remove for good, in the running server."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from workspace_server.cli import leave, show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option
from workspace_server.cli.progress import Shown
from workspace_server.errors import Locked

POLL_S = 0.2


@click.command("gc")
@api_options
@as_json_option
def gc_command(api: Api, as_json: bool) -> int:
    """Clear what is beyond retention, content that nothing names, and what broken uploads left.

    By default every version is kept; see the settings below [retention].
    """
    api.post("/gc")
    return finished(api, as_json)


@click.command("reindex")
@api_options
@as_json_option
def reindex_command(api: Api, as_json: bool) -> int:
    """Read every file again for its facts, and make the search index anew, while both answer from what they have.

    Not needed in daily use: damage is noticed, and what a newer program reads in another way it reads again by itself.
    """
    api.post("/reindex")
    return finished(api, as_json)


@click.command("purge")
@click.argument("path")
@click.option("--version", type=click.IntRange(1), help="Only this version, which is not the newest.")
@api_options
@as_json_option
def purge_command(api: Api, path: str, version: int | None, as_json: bool) -> int:
    """Remove the content of PATH for good: all its versions, or one, with every copy and trace that the server made.

    A file that is there is deleted first. The rows of its versions stay, marked. Copies elsewhere are listed, and what
    stands in another file now is kept: exits with 1 then, or while the disk is not clear because a backup is made.
    """
    try:
        removed = api.post(f"/files/{path_of(path)}:purge", {"version": version})
    except Locked as refusal:
        name = refusal.facts.get("lock_name")
        refusal.hint = f"`workspace-server locks --break {name} --note WHY` ends that lock; then purge again."
        raise
    if not as_json:
        _print_removed(removed)
    return finished(api, as_json, also=removed)


def finished(api: Api, as_json: bool, also: Mapping[str, object] | None = None) -> int:
    """Show how far the upkeep is until it is done, then what it did; return the exit code."""
    on_terminal = sys.stderr.isatty()
    told = _show if on_terminal else _Lines()
    while (state := api.get("/upkeep"))["running"] is not None:
        if not as_json:
            told(state["running"])
        time.sleep(POLL_S)
    if on_terminal and not as_json:
        print(file=sys.stderr)
    done = state["last"] if state["waits_for"] is None else {"waits_for": state["waits_for"]}
    if as_json:
        show.as_json({**(also or {}), **done})
    else:
        _print_done(done, partly=bool((also or {}).get("kept")))
    return leave.FAILED if "failed" in done or state["waits_for"] is not None or (also or {}).get("kept") else 0


def _print_removed(removed: Answer) -> None:
    path = show.plain(removed["path"])
    print(f"Removed the content of {path}: {_numbered(removed['versions'])}.")
    if removed.get("deleted"):
        print("  The file stood there, and was deleted first.")
    for one in removed["also"]:
        print(f"  The same content is gone from {show.plain(one['path'])}, version {one['version']}.")
    if removed["kept"]:
        staying = removed["not_removed"]
        was, its = ("was", "its") if len(staying) == 1 else ("were", "their")
        places = ", ".join(show.plain(one["path"]) for one in removed["kept"])
        print(f"  NOT removed {was} {_numbered(staying)}: {its} content stands in {places}. Save or delete that first.")


def _numbered(versions: Sequence[int]) -> str:
    return f"version {versions[0]}" if len(versions) == 1 else f"versions {', '.join(map(str, versions))}"


def _print_done(done: Mapping[str, Any], *, partly: bool) -> None:
    if "failed" in done:
        print(f"The {done['task']} failed. {done['failed']}")
    elif "waits_for" in done:
        print(done["waits_for"])
    elif done["task"] == "reindex":
        print(f"Facts and search index are made anew from {done['files']} files.")
    elif "copies" in done:
        said = "What was removed is cleared from" if partly else "Nothing of it is left on"
        print(f"{said} the disk; {done['copies']} copies were removed there.")
    else:
        freed = show.size(done["bytes"])
        print(f"Cleared: {done['contents']} contents, {done['object_files']} object files, {freed} freed.")


class _Lines:
    """Says now and then how far the work is, where no line can be written over."""

    def __init__(self) -> None:
        self._shown = Shown()

    def __call__(self, work: Answer) -> None:
        self._shown(f"{work['task']}, {work['step']}" if work["step"] else work["task"], work["done"], work["total"])


def _show(work: Answer) -> None:
    of = f" of {work['total']}" if work["total"] else ""
    print(f"\r\x1b[K{work['task']}: {work['step']} {work['done']}{of}", end="", file=sys.stderr, flush=True)
