"""Options that several commands share, and which folder a command is about."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from workspace_server.cli import owner
from workspace_server.cli.api import Address, Api


class _Span(click.ParamType[int]):
    """A span of time such as 90, 90s, 30m, 2h or 7d; the value is in seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        match = re.fullmatch(r"(\d{1,9})([smhd]?)", str(value))
        if match is None:
            self.fail("give seconds, or a number with s, m, h or d, such as 30m", param, ctx)
        return int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]


SPAN = _Span()
STATE = ".workspace"
"""What makes a folder a workspace."""


def workspace_above(start: Path) -> Path:
    """Return the workspace that *start* lies in, or *start* itself when it lies in none."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / STATE).is_dir():
            return folder
    return here


def _folder(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path:
    return value.resolve() if value is not None else workspace_above(Path.cwd())


_FOLDER = click.Path(file_okay=False, path_type=Path)
_FOLDER_HELP = "The workspace; by default the one that the current directory lies in."
folder_option = click.option("--dir", "folder", type=_FOLDER, callback=_folder, help=_FOLDER_HELP)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def connection_options(
    command: Callable[..., int | None], *, makes_workspace: bool = False
) -> Callable[..., int | None]:
    """Give *command* the parameter `locate`, which finds the folder's owner or the server at a given address.

    With *makes_workspace* a folder that is named, not only stood in, need be none yet.
    """

    @click.option("--dir", "folder", type=_FOLDER, callback=_folder, help=_FOLDER_HELP)
    @click.option("--url", envvar="WORKSPACE_URL", help="A server's address, instead of the folder's own.")
    @functools.wraps(command)
    def connected(folder: Path, url: str | None, **options: Any) -> int | None:
        named = click.get_current_context().get_parameter_source("folder") is ParameterSource.COMMANDLINE
        return command(locator(folder, url, makes_workspace=makes_workspace and named), **options)

    return connected


def api_options(command: Callable[..., int | None], *, makes_workspace: bool = False) -> Callable[..., int | None]:
    """Give *command* an `Api` as its first parameter; *makes_workspace* as `connection_options` has it."""

    @functools.wraps(command)
    def with_api(locate: Callable[[], Address], **options: Any) -> int | None:
        return command(Api(locate), **options)

    return connection_options(with_api, makes_workspace=makes_workspace)


def locator(folder: Path, url: str | None, *, makes_workspace: bool = False) -> Callable[[], Address]:
    """Return what finds the server: *url* when it is given, else the owner of *folder*, started when there is none."""
    if url is not None:
        address = Address(url=url.rstrip("/").removesuffix("/mcp"))
        return lambda: address
    return lambda: owner.reach(folder, makes_workspace=makes_workspace)
