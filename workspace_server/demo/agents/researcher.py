"""A Researcher, started by `workspace-server work` for each job: the job comes as JSON on standard input."""

import asyncio
import csv
import io
import json
import sys

from workspace_client import Lock, Workspace

from workspace_server.demo.agents.packages import SUBJECTS, Package, installed
from workspace_server.demo.agents.telling import tell

LOG_LINES = 10


async def research(workspace: Workspace, package: Package, plan: dict[str, object]) -> None:
    """Hand in the three files under one lock, so that nobody starts on two of them."""
    folder = f"research/{package.name}"
    files = {"overview.md": overview(package), "requirements.csv": requirements(package), "facts.md": facts(package)}
    async with workspace.locked(f"{folder}/", purpose=f"research on {package.name}") as lock:
        for name, content in files.items():
            await workspace.write_file(f"{folder}/{name}", content, lock=lock, sources=[plan])


async def correct(workspace: Workspace, package: Package) -> None:
    """Count again, as the Manager asked."""
    path = f"research/{package.name}/facts.md"
    neighbour = neighbour_of(package)
    assert neighbour is not None
    async with workspace.locked(path, purpose="correcting a count") as lock:
        await replace_count(workspace, path, neighbour, lock)


async def replace_count(workspace: Workspace, path: str, neighbour: Package, lock: Lock) -> None:
    """Put the right count in place of the wrong one."""
    await workspace.edit_file(
        path,
        [
            {
                "old_text": f"# {neighbour.name}\n\n- Dependencies: {len(neighbour.requirements)}",
                "new_text": f"# {neighbour.name}\n\n- Dependencies: {len(neighbour.needed)}",
            }
        ],
        lock=lock,
        message="optional dependencies do not count",
    )


async def write_log(workspace: Workspace, package: Package, step: str) -> None:
    """Append to the log that all share, line by line, while the others do the same."""
    for number in range(1, LOG_LINES + 1):
        await workspace.append("log.md", f"{package.name} {step} {number}\n")


def overview(package: Package) -> str:
    """Return what the authors say about the package."""
    return f"# {package.name} {package.version}\n\n{package.description}\n"


def requirements(package: Package) -> str:
    """Return the requirements as a table."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["requirement", "specifier", "optional", "condition"])
    for requirement in package.requirements:
        row = f"{package.name} needs {requirement.name}"
        table.writerow([row, requirement.specifier, "yes" if requirement.optional else "no", requirement.condition])
    return out.getvalue()


def facts(package: Package) -> str:
    """Return the facts that the Analyst will ask for.

    In the first round the neighbour's dependencies are counted carelessly, its optional ones included: this is the
    contradiction that the Manager will find.
    """
    text = f"""# {package.name}

- Purpose: {package.summary}
- Installed version: {package.version}
- Requires Python: {package.requires_python}
- Licence: {package.licence}
- Dependencies: {len(package.needed)}
- Optional dependencies: {len(package.requirements) - len(package.needed)}
"""
    neighbour = neighbour_of(package)
    if neighbour is not None:
        text += f"\n# {neighbour.name}\n\n- Dependencies: {len(neighbour.requirements)}\n"
    return text


def neighbour_of(package: Package) -> Package | None:
    """Return the first other package of the plan that this one depends on."""
    needs = {requirement.name.lower() for requirement in package.needed}
    return next((installed(name) for name in SUBJECTS if name in needs and name != package.name), None)


async def main() -> None:
    """Do the job that stands on standard input."""
    job = json.load(sys.stdin)
    lines = dict(line.split(": ", 1) for line in job["instructions"].splitlines())
    package = installed(lines["Package"])
    again = "Again" in lines
    async with Workspace() as workspace:
        if again:
            await correct(workspace, package)
        else:
            await research(workspace, package, job["inputs"][0])
        await write_log(workspace, package, "corrected" if again else "researched")
    tell(researched=package.name, again=again)


if __name__ == "__main__":
    asyncio.run(main())
