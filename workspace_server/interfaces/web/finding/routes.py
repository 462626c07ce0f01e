"""The addresses of search and facts."""

from workspace_server.interfaces.web.finding.search import search
from workspace_server.interfaces.web.view import Section

FINDING = Section(pages={"/search": search})
