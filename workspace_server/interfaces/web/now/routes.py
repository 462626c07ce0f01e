"""The addresses of what goes on."""

from workspace_server.interfaces.web.now import activity, agents, jobs, locks, undoing
from workspace_server.interfaces.web.view import Section

NOW = Section(
    pages={
        activity.ADDRESS: activity.activity,
        locks.ADDRESS: locks.locks,
        agents.ADDRESS: agents.agents,
        agents.AGENT: agents.agent,
        undoing.ADDRESS: undoing.preview,
        jobs.ADDRESS: jobs.jobs,
        jobs.JOB: jobs.job,
    },
    forms={
        locks.ADDRESS: locks.break_lock,
        jobs.JOB: jobs.decide,
        agents.ADDRESS: agents.hold_all,
        agents.AGENT: agents.step_in,
        undoing.ADDRESS: undoing.undo,
    },
)
