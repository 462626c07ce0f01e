"""The addresses of what needs a person."""

from workspace_server.interfaces.web.needs.attention import ADDRESS, attention, decide
from workspace_server.interfaces.web.view import Section

NEEDS = Section(pages={ADDRESS: attention}, forms={ADDRESS: decide})
