"""One look at one version of a file, and what a form makes of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio

from workspace_server.core import media
from workspace_server.errors import NotText
from workspace_server.interfaces.web.addresses import EVERYWHERE, Places
from workspace_server.interfaces.web.view import View
from workspace_server.services.files.opened import OpenContent

RENDERERS = anyio.CapacityLimiter(2)
"""However many pages of hostile text are asked for, the rest of the server keeps its threads."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at which version.

    Attributes:
        pinned: The version that the address names; None when it leads to the newest.
        places: Where else whoever looks may go.
    """

    view: View
    content: OpenContent
    pinned: int | None
    places: Places = EVERYWHERE

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.content.path

    def url(self, **query: object) -> str:
        """Return the address of another look at the same version."""
        return self.places.page(self.path, version=self.pinned, **query) or "#"

    def part_url(self, part: str, **query: object) -> str:
        """Return the address of a part of this very version, which never changes."""
        return self.places.page(self.path, version=self.content.version, part=part, **query) or "#"

    @property
    def caching(self) -> str:
        """How long a browser may keep a part of the file: for good when the address names the version."""
        return "no-store" if self.pinned is None else "private, max-age=31536000, immutable"

    async def text(self, bytes_max: int) -> str | None:
        """Return all of the text; None when it is longer.

        Raises:
            NotText: It is none.
        """
        if self.content.size_bytes > bytes_max:
            return None
        decoded = await rendered(media.decode, await self.content.read())
        if decoded is None:
            raise NotText(
                f"{self.path} is not text.", hint="Download it.", path=self.path, media_type=self.content.media_type
            )
        return decoded.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows of a file: a template of `files/forms/`, and what it is filled with."""

    form: str
    values: Mapping[str, Any]


Form = Callable[[Look], Awaitable[Shown]]


def shown(form: str, **values: Any) -> Shown:
    """Return what a page shows."""
    return Shown(form=form, values=values)


async def rendered(render: Callable[..., T], *arguments: Any) -> T:
    """Return what *render* makes, in one of the few threads for that."""
    return await anyio.to_thread.run_sync(render, *arguments, limiter=RENDERERS)
