"""Where settings come from: a file, the environment, flags; and how one of them becomes a value or is refused."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workspace_server.errors import InvalidArgument
from workspace_server.setting_values import parsed, typed

ENVIRONMENT_PREFIX = "WORKSPACE_SERVER_"
FILE = Path(".workspace", "config.toml")
"""The settings file, below the folder it belongs to."""

Origin = Literal["default", "file", "environment", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table of settings.

    Attributes:
        attribute: Its name in `Settings`.
        key: Its name in the settings file, with its section.
        variable: Its name in the environment.
        flag: The flag of `serve` that sets it, if there is one.
    """

    attribute: str
    key: str
    variable: str
    flag: str | None
    default: object
    meaning: str
    kind: Any
    least: float | None
    most: float | None
    secret: bool = False

    def value(self, raw: object, origin: Origin) -> object:
        """Return *raw* as a value of this setting; text from the environment is parsed first.

        Raises:
            InvalidArgument: It is of another type, or out of bounds; or it is a secret in a file.
        """
        if self.secret and origin != "environment":
            raise InvalidArgument(
                f"The setting {self.key} is a secret, and does not belong in a file.",
                hint=f"Set {self.variable} in the environment, and take it out of the file.",
                argument=self.key,
                reason="is a secret",
            )
        given = parsed(raw, self.kind) if origin == "environment" and isinstance(raw, str) else raw
        try:
            return self._bounded(typed(given, self.kind))
        except ValueError as error:
            name = self.variable if origin == "environment" else self.key
            raise InvalidArgument(
                f"The setting {name} {error}.", hint=self.meaning, argument=name, reason=str(error)
            ) from None

    def _bounded(self, value: object) -> object:
        if self.least is None or self.most is None or not isinstance(value, int | float):
            return value
        if not self.least <= value <= self.most:
            raise ValueError(f"must be {self.least:g} to {self.most:g}, not {value:g}")
        return value


def from_file(root: Path | None, file: Path | None, rows: Sequence[Row]) -> Iterator[tuple[Row, object]]:
    """Yield what a settings file sets: *file*, which must exist, or the folder's own, if it has one."""
    path = file or (root / FILE if root is not None else None)
    if path is None or (file is None and not path.exists()):
        return
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidArgument(
            f"There is no settings file {path}.", hint="Check --config.", argument="config", reason="not found"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(
            f"The settings file {path} is not TOML: {error}.",
            hint="`workspace-server config` prints every setting with its meaning.",
            argument="config",
            reason=str(error),
        ) from None
    by_key = {row.key: row for row in rows}
    for key, raw in _flat(content, {row.key.split(".")[0] for row in rows if "." in row.key}):
        yield _known(key, by_key, where=f" in {path}"), raw


def _flat(content: Mapping[str, object], sections: set[str]) -> Iterator[tuple[str, object]]:
    for key, value in content.items():
        if key in sections and isinstance(value, dict):
            yield from ((f"{key}.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def from_environment(env: Mapping[str, str], rows: Sequence[Row]) -> Iterator[tuple[Row, object]]:
    """Yield what the environment sets."""
    by_variable = {row.variable: row for row in rows}
    for variable, raw in env.items():
        if variable.startswith(ENVIRONMENT_PREFIX):
            yield _known(variable, by_variable, where=" in the environment"), raw


def from_flags(flags: Mapping[str, object], rows: Sequence[Row]) -> Iterator[tuple[Row, object]]:
    """Yield what flags set; None is a flag that was not given."""
    by_attribute = {row.attribute: row for row in rows}
    for attribute, raw in flags.items():
        if raw is not None:
            yield _known(attribute, by_attribute, where=""), raw


def _known(name: str, rows: Mapping[str, Row], *, where: str) -> Row:
    if name in rows:
        return rows[name]
    near = difflib.get_close_matches(name, rows, n=1)
    raise InvalidArgument(
        f"There is no setting {name}{where}.",
        hint=f"Did you mean {near[0]}?" if near else "`workspace-server config` prints every setting.",
        argument=name,
        reason="unknown setting",
    )
