"""Sensors for Airflow 3: a DAG goes on when files are saved, or when a trigger has put a job into a queue.

Both give their worker slot back between two looks (`mode="reschedule"`), so that a hundred of them cost next to
nothing.
"""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from http_api import Api


class WorkspaceFilesSensor(BaseSensorOperator):
    """Succeeds once every file stands at a newer version than it had; its result is `{path: version}`.

    Args:
        url: The server's address.
        files: The path of each file, with the version that is known already; 0 for none.
    """

    template_fields = ("url", "files")

    def __init__(self, *, url: str, files: Mapping[str, int], agent: str = "airflow", **more: Any) -> None:
        super().__init__(**{"mode": "reschedule", "poke_interval": 30.0, **more})
        self.url = url
        self.files = dict(files)
        self.agent = agent

    def poke(self, context: Any) -> PokeReturnValue:  # noqa: ARG002  # as Airflow calls it
        """Look at the files once."""
        api = Api(self.url, self.agent)
        standing = {path: api.version(path) for path in self.files}
        done = all(standing[path] > known for path, known in self.files.items())
        return PokeReturnValue(is_done=done, xcom_value=standing)


class WorkspaceJobSensor(BaseSensorOperator):
    """Claims a job of a queue; its result is the job, which a later task says the end of with `Api.finish`.

    Args:
        url: The server's address.
        queue: Where a trigger puts its jobs.
        visibility_seconds: How long the rest of the DAG may take before the job is given to somebody else.
    """

    template_fields = ("url", "queue")

    def __init__(
        self, *, url: str, queue: str, visibility_seconds: int = 14_400, agent: str = "airflow", **more: Any
    ) -> None:
        super().__init__(**{"mode": "reschedule", "poke_interval": 30.0, **more})
        self.url = url
        self.queue = queue
        self.visibility_seconds = visibility_seconds
        self.agent = agent

    def poke(self, context: Any) -> PokeReturnValue:  # noqa: ARG002  # as Airflow calls it
        """Ask for a job once."""
        api = Api(self.url, self.agent)
        job = api.claim(self.queue, wait_seconds=0, visibility_seconds=self.visibility_seconds)
        return PokeReturnValue(is_done=job is not None, xcom_value=job)
