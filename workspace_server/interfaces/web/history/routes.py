"""The addresses of this section: what its forms are sent to. Its pages stand at the addresses of the files."""

from workspace_server.interfaces.web.history.restoring import restore
from workspace_server.interfaces.web.view import Section

HISTORY = Section(forms={"/restore": restore})
