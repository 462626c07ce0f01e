"""What is published names no machine and no package server: both belong to whoever runs it."""

import re

import pytest

from tests.project.tree import ROOT, files

HOMES = re.compile(r"(?<![\w.~$}-])/(?:home|Users)/[A-Za-z][\w.-]*|(?<![\w.~$}/-])/root/[\w.-]")
REGISTRIES = re.compile(
    r"https?://[^\s\"']*/(?:simple|packages)/|pypi\.org/(?:simple|pypi)|files\.pythonhosted\.org"
    r"|registry\.(?:npmjs|yarnpkg)\.|(?:extra-)?index-url\s*=\s*\S|find-links\s*=\s*\S"
)


def here() -> re.Pattern[str]:
    """Return a pattern of the folders this checkout stands in, unless they are too short to mean anything."""
    places = [place for place in (ROOT, ROOT.parent) if len(place.parts) > 2] or [ROOT]
    return re.compile("|".join(re.escape(f"{place}") + r"(?![\w-])" for place in places))


def mentions(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in files():
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            found += [f"{path.relative_to(ROOT)}:{number}: {match.group()}" for match in pattern.finditer(line)]
    return found


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    assert mentions(here()) == []
    assert mentions(HOMES) == []


def test_no_file_names_a_package_server() -> None:
    assert mentions(REGISTRIES) == []


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        (HOMES, ["open /ho", "me/someone/project"]),
        (HOMES, ["cat /ro", "ot/.netrc"]),
        (REGISTRIES, ["https://mirror.example/root/si", "mple/"]),
        (REGISTRIES, ["--extra-index", "-url = somewhere"]),
    ],
)
def test_a_line_that_names_one_is_found(pattern: re.Pattern[str], parts: list[str]) -> None:
    assert pattern.search("".join(parts))


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
    pages = [path for path in files() if path.suffix == ".md" and "tests" not in path.parts]
    links = [(page, target) for page in pages for target in link.findall(page.read_text())]
    broken = [f"{page.relative_to(ROOT)} -> {target}" for page, target in links if not (page.parent / target).exists()]

    assert broken == []
