"""The addresses of search, facts and contradictions."""

from workspace_server.interfaces.web.finding.contradictions import contradictions, dismiss
from workspace_server.interfaces.web.finding.facts import facts
from workspace_server.interfaces.web.finding.search import search
from workspace_server.interfaces.web.view import Section

FINDING = Section(
    pages={"/search": search, "/facts": facts, "/contradictions": contradictions},
    forms={"/contradictions": dismiss},
)
