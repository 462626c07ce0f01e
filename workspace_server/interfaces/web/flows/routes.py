"""The addresses of triggers, and of what they set off."""

from workspace_server.interfaces.web.flows.composing import change, make, new, save
from workspace_server.interfaces.web.flows.deliveries import deliveries, delivery, redeliver
from workspace_server.interfaces.web.flows.receivers import hold, receivers
from workspace_server.interfaces.web.flows.runs import run, runs
from workspace_server.interfaces.web.flows.trigger import act, trigger
from workspace_server.interfaces.web.flows.triggers import triggers
from workspace_server.interfaces.web.view import Section

FLOWS = Section(
    pages={
        "/triggers": triggers,
        "/triggers:new": new,  # no trigger can be called so
        "/triggers/{name}": trigger,
        "/triggers/{name}/change": change,
        "/runs": runs,
        "/runs/{name}": run,
        "/deliveries": deliveries,
        "/deliveries/{name}": delivery,
        "/receivers": receivers,
    },
    forms={
        "/triggers:new": make,
        "/triggers/{name}": act,
        "/triggers/{name}/change": save,
        "/deliveries/{name}": redeliver,
        "/receivers": hold,
    },
)
