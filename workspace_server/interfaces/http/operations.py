"""What an operation is: a method, a path, a handler, and the models of its arguments; and the table of all of them.

The one table makes the routes and the description (`openapi.json`), so that neither can know what the other does not.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import get_type_hints

from pydantic import BaseModel
from starlette.responses import Response

from workspace_server.errors import NotFound
from workspace_server.interfaces import raw_path
from workspace_server.interfaces.methods import MethodNotAllowed

Handler = Callable[..., Awaitable[Response]]
_NAME = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One entry of the API.

    Attributes:
        template: Its path below the prefix; `{path}` is a file's path, every other name one component.
        answers: The statuses of success, with what they mean.
        result: The JSON that success brings; None where it brings bytes.
    """

    method: str
    template: str
    handler: Handler
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    result: type[BaseModel] | None
    pattern: re.Pattern[str]
    answers: Mapping[int, str]

    @property
    def name(self) -> str:
        """What it is called in the description and in the metrics."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[0]


def operation(
    method: str,
    template: str,
    handler: Handler,
    *,
    result: type[BaseModel] | None,
    answers: Mapping[int, str] | None = None,
) -> Operation:
    """Return the entry for *handler*, whose parameters `query` and `body` say what it takes."""
    hints = get_type_hints(handler)
    return Operation(
        method=method,
        template=template,
        handler=handler,
        query=hints.get("query"),
        body=hints.get("body"),
        result=result,
        pattern=_compile(template),
        answers=answers or {200: "Done."},
    )


def _compile(template: str) -> re.Pattern[str]:
    # A path goes up to the action, whose colon cannot stand in a path; every other name is one component.
    def group(found: re.Match[str]) -> str:
        return f"(?P<{found[1]}>{'.*' if found[1] == 'path' else '[^/:]+'})"

    return re.compile(_NAME.sub(group, re.escape(template)), re.DOTALL)


class Table:
    """All operations, the more specific before the less: an action goes before the path that it acts on."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(sorted(operations, key=lambda entry: entry.template.endswith("{path}")))

    def find(self, method: str, raw: str) -> tuple[Operation, dict[str, str]]:
        """Return the operation for a raw path below the prefix, and the decoded values of its names.

        Raises:
            NotFound: There is no such path.
            MethodNotAllowed: There is, without that method.
            InvalidPath: A name in it is not UTF-8.
        """
        wanted = "GET" if method == "HEAD" else method
        allowed: set[str] = set()
        for entry in self.operations:
            found = entry.pattern.fullmatch(raw)
            if found is None:
                continue
            if entry.method == wanted:
                return entry, {name: raw_path.decode(value, name) for name, value in found.groupdict().items()}
            allowed |= {entry.method, "HEAD"} if entry.method == "GET" else {entry.method}
        if allowed:
            raise MethodNotAllowed(method, ", ".join(sorted(allowed)))
        raise NotFound("There is no such address.", hint="/api/v1/openapi.json lists every one.", path=raw[:200])
