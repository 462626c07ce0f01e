"""The addresses of what goes on."""

from workspace_server.interfaces.web.now import activity, jobs, locks
from workspace_server.interfaces.web.view import Section

NOW = Section(
    pages={
        activity.ADDRESS: activity.activity,
        locks.ADDRESS: locks.locks,
        jobs.ADDRESS: jobs.jobs,
        jobs.JOB: jobs.job,
    },
    forms={locks.ADDRESS: locks.break_lock, jobs.JOB: jobs.decide},
)
