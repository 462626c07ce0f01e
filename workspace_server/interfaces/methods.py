"""The refusal of an HTTP method that an address does not have, the same at every face."""

from workspace_server.errors import InvalidArgument


class MethodNotAllowed(InvalidArgument):
    """The address is there; the method is not.

    Args:
        allowed: The methods that it has, as the header `Allow` lists them.
    """

    http_status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(
            f"There is no {method} here.",
            hint=f"Use one of: {allowed}.",
            argument="method",
            reason="not allowed here",
        )
        self.allowed = allowed
