"""The addresses of triggers, and of what they set off."""

from workspace_server.interfaces.web.flows.triggers import triggers
from workspace_server.interfaces.web.view import Section

FLOWS = Section(pages={"/triggers": triggers})
