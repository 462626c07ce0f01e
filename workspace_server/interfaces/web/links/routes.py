"""The addresses of share links for who makes them; the door for who uses them stands beside, in `door.py`."""

from workspace_server.interfaces.web.links import managing
from workspace_server.interfaces.web.view import Section

LINKS = Section(
    pages={managing.ADDRESS: managing.links},
    forms={managing.ADDRESS: managing.create, managing.REVOKE: managing.revoke},
)
