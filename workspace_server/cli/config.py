"""`config`: every setting, its value, where that came from, and what it means."""

import textwrap
from pathlib import Path
from typing import Any

import click

from workspace_server import config
from workspace_server.cli import show
from workspace_server.cli.options import as_json_option, folder_option
from workspace_server.setting_sources import Row
from workspace_server.setting_values import spelled

HIDDEN = "(set)"
"""What is shown of a secret."""


@click.command("config")
@folder_option
@click.option("--config", "file", type=click.Path(path_type=Path), help="The settings file to read instead.")
@as_json_option
def config_command(folder: Path, file: Path | None, as_json: bool) -> None:
    """Print every setting with its value, its origin and its meaning, in the form of the settings file."""
    settings = config.load(folder, file=file)
    rows = config.table()
    if as_json:
        show.as_json([_row(row, settings) for row in rows])
        return
    for row in rows:
        value = _shown(row, settings)
        # TOML knows no empty value: a setting that has none is a comment.
        line = f"{row.key} = {spelled(value)}" if value is not None else f"# {row.key} is not set"
        line = f"# {row.key} is set" if row.secret and value is not None else line
        print(f"{line}  # {settings.origin(row.attribute)}")
        print(textwrap.fill(row.meaning, width=98, initial_indent="#     ", subsequent_indent="#     "))
        print(f"#     {row.variable}" + (f", serve {row.flag}" if row.flag else ""))


def _row(row: Row, settings: config.Settings) -> dict[str, Any]:
    return {
        "name": row.key,
        "value": _shown(row, settings),
        "origin": settings.origin(row.attribute),
        "default": row.default,
        "environment": row.variable,
        "flag": row.flag,
        "meaning": row.meaning,
    }


def _shown(row: Row, settings: config.Settings) -> object:
    """Return a value, of a secret only that there is one."""
    value = getattr(settings, row.attribute)
    return HIDDEN if row.secret and value is not None else value
