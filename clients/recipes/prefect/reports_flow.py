"""A flow for Prefect 3 that works through the queue `reports`: one run of `report` per job.

`python reports_flow.py` works until it is ended;
with an address and a number, so many times.
"""

import sys
from itertools import count
from typing import Any

from http_api import Api
from prefect import flow, task

URL = "http://127.0.0.1:8765"
QUEUE = "reports"


@task(retries=5, retry_delay_seconds=5)
def claimed(url: str) -> dict[str, Any] | None:
    """Wait for a job, up to fifty seconds."""
    return Api(url, "prefect").claim(QUEUE, wait_seconds=50, visibility_seconds=3_600)


@task
def words(url: str, job: dict[str, Any]) -> int:
    """Count the words of what was saved."""
    api = Api(url, "prefect")
    return sum(len(api.read(one["path"], one["version"]).split()) for one in job["inputs"])


@flow
def report(url: str, job: dict[str, Any]) -> int:
    """Do one job, and say how it went."""
    api = Api(url, "prefect")
    try:
        found = words(url, job)
    except Exception as error:
        api.finish(job["job"], "failed", str(error)[:500])
        raise
    api.finish(job["job"], "done", f"{found} words")
    return found


def work(url: str = URL, jobs_max: int | None = None) -> None:
    """Run the flow for each job that comes."""
    for _ in count() if jobs_max is None else range(jobs_max):
        job = claimed(url)
        if job is not None:
            report(url, job)


if __name__ == "__main__":
    work(*sys.argv[1:2], *map(int, sys.argv[2:3]))
