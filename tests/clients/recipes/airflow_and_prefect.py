"""What the recipes for Airflow and Prefect do against a server, with the real frameworks or with stand-ins."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from workspace_server.cli.api import Address, Api

ROOT = Path(__file__).parents[3]
RECIPES = ROOT / "clients" / "recipes"
STAND_INS = Path(__file__).parent / "stand_ins"
ENDS_S = 300.0


def api(url: str) -> Api:
    """Return a client of the server that acts as a person does."""
    return Api(lambda: Address(url=url), agent="pat")


def set_up(url: str) -> None:
    """Make the trigger that fills the queue, and save two reports."""
    server = api(url)
    server.post("/triggers", {"name": "reports", "files": ["reports/*.md"], "queue": "reports", "settle": "immediate"})
    for name, text in (("a", "one two three"), ("b", "four five")):
        server.post("/commits", {"changes": [{"op": "write", "path": f"reports/{name}.md", "content": text}]})


def airflow(url: str, *, python: str = sys.executable, folders: tuple[Path, ...] = (STAND_INS,)) -> dict[str, Any]:
    """Look with the sensors, and read the DAG as Airflow does."""
    dag = [python, str(RECIPES / "airflow" / "reports_dag.py")]
    _run(dag, folders=(RECIPES / "airflow", RECIPES, *folders))
    poke = [python, str(Path(__file__).parent / "poke.py"), url]
    found: dict[str, Any] = json.loads(_run(poke, folders=(RECIPES / "airflow", RECIPES, *folders)))
    return found


def prefect(url: str, *, python: str = sys.executable, folders: tuple[Path, ...] = (STAND_INS,)) -> None:
    """Do two jobs with the flow."""
    flow = [python, str(RECIPES / "prefect" / "reports_flow.py"), url, "2"]
    _run(flow, folders=(RECIPES / "prefect", RECIPES, *folders))


def _run(command: list[str], *, folders: tuple[Path, ...]) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}
    env |= {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120", "PREFECT_HOME": tempfile.gettempdir()}
    env = {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=ENDS_S, check=False)
    assert ended.returncode == 0, ended.stderr[-3_000:]
    return ended.stdout.splitlines()[-1] if ended.stdout else ""
