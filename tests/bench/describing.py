"""What it takes to describe a file instead of reading it: a note, a long text, a large table, and large code."""

import tempfile
from pathlib import Path

from tests.bench.measure import HEADER, sequential
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

CALLS = 300
ANN = Caller(agent="ann")
SECTION = """## Station {number}

The station at kilometre {number} was visited in March. Its pump failed {number} times, which cost 4,{number:03} EUR.

- Owner: agent {number}
- Pressure: {number} bar
- [risk] The seal of pump {number} is worn #pump
"""
FUNCTION = '''
def measure_{number}(station: str, *, every_s: float = {number}) -> list[float]:
    """Return what the gauge {number} of a station has shown."""
    return [every_s] * len(station)
'''
FILES = {
    "a note of 1 KiB": ("note.md", "# Pumps\n\n" + "".join(SECTION.format(number=number) for number in range(4))),
    "a text of 450 KiB": ("long.md", "# Pumps\n\n" + "".join(SECTION.format(number=number) for number in range(2_000))),
    "a table of 300 KiB": (
        "table.csv",
        "name,pressure,owner\n"
        + "".join(f"pump {number},{number % 90} bar,agent {number}\n" for number in range(9_000)),
    ),
    "code of 200 KiB": ("code.py", "".join(FUNCTION.format(number=number) for number in range(1_000))),
}


async def run() -> None:
    """Print the figures."""
    print("\nDescribing a file, in 400 and in 2,000 tokens")
    with tempfile.TemporaryDirectory() as directory:
        async with Engine.open(Path(directory) / "w", settings=Settings()) as engine:
            for path, content in FILES.values():
                saved = await engine.files.write_file(ANN, path=path, content=content)
            await engine.indexing.reach("facts", saved["seq"], timeout_s=60)
            print(HEADER)
            for name, (path, _) in FILES.items():
                for max_tokens in (400, 2_000):

                    async def call(_: int, path: str = path, max_tokens: int = max_tokens) -> object:
                        return await engine.search.describe_file(ANN, path=path, max_tokens=max_tokens)

                    print((await sequential(f"{name}, {max_tokens:,} tokens", call, count=CALLS)).line())
