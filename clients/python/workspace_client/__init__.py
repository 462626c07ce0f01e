"""A light client of workspace-server: an agent's files, locks, facts and jobs, over MCP."""

from workspace_client.errors import WorkspaceError
from workspace_client.results import File, Lock
from workspace_client.workspace import Workspace

__all__ = ["File", "Lock", "Workspace", "WorkspaceError"]
