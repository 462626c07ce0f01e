"""The addresses of what goes on."""

from workspace_server.interfaces.web.now.activity import activity
from workspace_server.interfaces.web.now.locks import locks
from workspace_server.interfaces.web.view import Section

NOW = Section(pages={"/activity": activity, "/locks": locks})
