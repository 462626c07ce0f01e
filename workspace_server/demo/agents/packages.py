"""What the Researchers research: packages that are installed beside the server, as their authors describe them."""

import re
from dataclasses import dataclass
from importlib.metadata import metadata, requires

SUBJECTS = ("pydantic", "starlette", "mcp")
"""The last one depends on the others, so that its Researcher has something to say about them."""
FILES = ("overview.md", "requirements.csv", "facts.md")
"""What each Researcher hands in."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One line of a package's requirements.

    Attributes:
        condition: When it counts; empty for always.
    """

    name: str
    specifier: str
    condition: str

    @property
    def optional(self) -> bool:
        """Whether it comes only with an extra that the user asks for."""
        return "extra ==" in self.condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The metadata of one installed package."""

    name: str
    version: str
    summary: str
    description: str
    requires_python: str
    licence: str
    requirements: tuple[Requirement, ...]

    @property
    def needed(self) -> list[Requirement]:
        """What is installed with it, whatever extras are asked for."""
        return [requirement for requirement in self.requirements if not requirement.optional]


def installed(name: str) -> Package:
    """Return the metadata of an installed package."""
    found = metadata(name)
    return Package(
        name=name,
        version=found["Version"],
        summary=found["Summary"] or "none",
        description=found["Description"] or "",
        requires_python=found["Requires-Python"] or "any",
        licence=found["License-Expression"] or found["License"] or "not stated",
        requirements=tuple(_requirement(line) for line in requires(name) or ()),
    )


def all_files() -> list[str]:
    """Return the paths of everything that the Researchers hand in."""
    return [f"research/{subject}/{file}" for subject in SUBJECTS for file in FILES]


def _requirement(line: str) -> Requirement:
    required, _, condition = line.partition(";")
    name = _NAME.match(required)
    assert name is not None, line
    return Requirement(name=name[0], specifier=required[name.end() :].strip() or "any", condition=condition.strip())
