"""The recipes for Airflow and Prefect with the real frameworks, each in an environment of its own."""

import subprocess
import sys
from pathlib import Path

from tests.clients.recipes.airflow_and_prefect import airflow, api, prefect, set_up
from tests.processes import serving
from tests.soak.parts import Budget, Report

FRAMEWORKS = {"airflow": "apache-airflow-task-sdk>=1.3,<2", "prefect": "prefect>=3.9,<4"}
INSTALL_S = 900.0


def run(base: Path, budget: Budget) -> Report:  # installing takes as long as it takes
    """Install each framework, and let the recipe do its work with it."""
    report = Report()
    for name, requirement in FRAMEWORKS.items():
        python = _installed(base / name, requirement)
        if python is None:
            return Report(why=f"{requirement} cannot be installed")
        folder = base / f"served-by-{name}"
        folder.mkdir()
        with serving(folder) as server:
            set_up(server.url)
            try:
                _work(name, server.url, python)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                report.wrong.append(f"{name}: {error}")
                continue
            states = [job["state"] for job in api(server.url).get("/jobs", queue="reports")["jobs"]]
        expected = ["queued", "claimed"] if name == "airflow" else ["done", "done"]
        if states != expected:
            report.wrong.append(f"{name}: the jobs are {states}")
        report.counts[name] = " and ".join(sorted(states))
    return report


def _work(name: str, url: str, python: str) -> None:
    if name == "prefect":
        prefect(url, python=python, folders=())
        return
    found = airflow(url, python=python, folders=())
    assert found["files"]["done"], found
    assert found["job"]["done"], found


def _installed(folder: Path, requirement: str) -> str | None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    done = subprocess.run(install, capture_output=True, timeout=INSTALL_S, check=False)
    return python if done.returncode == 0 else None
