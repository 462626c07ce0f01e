"""The addresses of files beside their own, which are all below `/files/`."""

from workspace_server.interfaces.web.files.browse import to_root
from workspace_server.interfaces.web.files.find import ADDRESS as FIND
from workspace_server.interfaces.web.files.find import find
from workspace_server.interfaces.web.files.folders import ADDRESS as FOLDERS
from workspace_server.interfaces.web.files.folders import folders
from workspace_server.interfaces.web.view import Section

BROWSING = Section(pages={"/files": to_root, FOLDERS: folders, FIND: find})
