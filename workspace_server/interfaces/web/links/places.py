"""Where whoever came in by a share link may go: to what stands below it, by the address that they came by."""

from urllib.parse import quote

from workspace_server.core.links import Link, shared_part
from workspace_server.interfaces.web.addresses import page_url


class SharedPlaces:
    """The places of one share link; everything else is nowhere."""

    def __init__(self, link: Link, link_id: str) -> None:
        self._link = link
        self._link_id = link_id

    def page(self, path: str, **query: object) -> str | None:
        """Return the address of a page below the link; it knows no versions."""
        part = shared_part(self._link, path)
        if part is None:
            return None
        query.pop("version", None)
        below = f"/{quote(part, safe='/')}" if part else ""
        return page_url(f"/s/{self._link_id}{below}", **query)

    def bytes(self, path: str, version: int | None = None) -> str | None:  # noqa: ARG002 - the link says which version
        """Return the address of a file's bytes below the link."""
        return self.page(path, raw=1)

    def download(self, path: str) -> str | None:
        """Return the address at which a file is saved, which counts as opened."""
        return self.page(path, raw=1, download=1)

    def crumbs(self, path: str) -> list[tuple[str, str]]:
        """Return (name, address) of every directory from the shared one down to *path*, and of itself."""
        part = shared_part(self._link, path) or ""
        first = self._link.path.rpartition("/")[2] or "Shared folder"
        names = part.split("/") if part else []
        above = f"{self._link.path}/" if self._link.path else ""
        places = [
            (first, self._link.path),
            *((name, above + "/".join(names[: at + 1])) for at, name in enumerate(names)),
        ]
        return [(name, self.page(place) or "#") for name, place in places]
