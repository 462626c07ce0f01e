"""The addresses of what needs a person."""

from workspace_server.interfaces.web.needs.attention import ADDRESS, attention, decide
from workspace_server.interfaces.web.needs.entry import ENTRY, decide_entry, entry
from workspace_server.interfaces.web.view import Section

NEEDS = Section(pages={ADDRESS: attention, ENTRY: entry}, forms={ADDRESS: decide, ENTRY: decide_entry})
