"""Looks once with each of the recipe's sensors and prints what they say: `poke.py URL`, run where Airflow is."""

import json
import sys
from typing import Any

from workspace_sensors import WorkspaceFilesSensor, WorkspaceJobSensor


def look(sensor: Any) -> dict[str, Any]:
    """Return what a sensor says now."""
    found = sensor.poke({})
    return {"done": found.is_done, "value": found.xcom_value, "mode": sensor.mode}


url = sys.argv[1]
files = WorkspaceFilesSensor(task_id="files", url=url, files={"reports/a.md": 0, "reports/b.md": 0})
job = WorkspaceJobSensor(task_id="job", url=url, queue="reports")
print(json.dumps({"files": look(files), "job": look(job)}))
