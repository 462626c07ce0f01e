"""A DAG that starts with a job of the queue `reports`, reads its inputs, and says how it went."""

from typing import Any

from airflow.sdk import dag, task
from http_api import Api
from workspace_sensors import WorkspaceJobSensor

URL = "http://127.0.0.1:8765"


@dag(schedule="@continuous", max_active_runs=1, catchup=False)
def reports() -> None:
    """Work through the queue, one job per run."""
    claimed = WorkspaceJobSensor(task_id="claimed", url=URL, queue="reports")

    @task
    def words(job: dict[str, Any]) -> int:
        """Count the words of what was saved."""
        api = Api(URL, "airflow")
        return sum(len(api.read(one["path"], one["version"]).split()) for one in job["inputs"])

    @task
    def finished(job: dict[str, Any], count: int) -> str:
        """Let the job go."""
        return Api(URL, "airflow").finish(job["job"], "done", f"{count} words")

    finished(claimed.output, words(claimed.output))


reports()
