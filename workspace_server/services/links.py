"""The use cases of share links: make one, list and revoke them, and come in by one.

Whoever makes a link lets others read past every scope, so that takes the verb admin. Whoever comes in by one reads as
`link`, and nothing but what it leads to: every path is taken from the link, never from outside of it.
"""

import secrets
from collections.abc import Mapping

from workspace_server.core import links as rules
from workspace_server.core.access import LINK, Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.links import Link
from workspace_server.core.pace import Pace
from workspace_server.core.paths import canonical_directory
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import Verb, everywhere
from workspace_server.errors import Gone, IsDirectory, NotFound, QuotaExceeded, RateLimited
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.files.listing import Listing
from workspace_server.services.files.opened import OpenContent
from workspace_server.services.files.reading import Reading
from workspace_server.services.folder import Folder
from workspace_server.services.history.moment import view_of
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import links

LISTING_TOKENS = 20_000
VISITOR = Caller(agent=LINK, scope=everywhere("read"), verified=False, door="web")
"""Who reads by a link."""


class Links:
    """Share links. Errors: not_found, gone, invalid_argument, forbidden, quota_exceeded, rate_limited."""

    def __init__(self, folder: Folder, files: Reading, listing: Listing) -> None:
        self._folder = folder
        self._files = files
        self._listing = listing
        self._opened: dict[int, tuple[int, float]] = {}
        """How often which link was opened since that was last written down, and when last."""
        self._misses = Pace.full(LIMITS.link_misses_per_second, now_s=folder.clock.boot_s())

    async def create_link(
        self,
        caller: Caller,
        *,
        path: str,
        version: int | None = None,
        as_of_seq: int | None = None,
        expires_in_seconds: float | None = None,
        note: str | None = None,
    ) -> Result:
        """Make a link to a file or a directory and return `{link, url, path, expires_at, …}`; *url* is shown this once.

        Args:
            version: Of a file, the version that it is pinned to; else it leads to the newest.
            as_of_seq: Of a directory, the moment that it is pinned to; else it leads to what stands there.
            expires_in_seconds: Until when it leads there; a week unless given.
        """
        place = canonical_directory(path)
        if not _may_share(caller, place):
            caller.require("admin", place or None)
        term_s = LIMITS.link_s if expires_in_seconds is None else expires_in_seconds
        rules.check_term(term_s)
        said = plain_text("note", note, LIMITS.note_chars_max)
        is_directory = await self._check(caller, place, version, as_of_seq)
        link_id = secrets.token_urlsafe(rules.ID_BYTES)
        digest = rules.digest(link_id)
        assert digest is not None

        async def body(commit: Commit) -> Result:
            if await links.count_open(commit.tx) >= LIMITS.links_max:
                raise QuotaExceeded(
                    f"There are {LIMITS.links_max} links already.",
                    hint="Revoke those that nobody needs.",
                    limit=LIMITS.links_max,
                    actual=LIMITS.links_max,
                )
            expires_at = commit.tx.now_s + term_s
            number = await links.add(
                commit.tx,
                digest=digest,
                path=place,
                is_directory=is_directory,
                version=version,
                as_of_seq=as_of_seq,
                note=said,
                created_by=caller.agent,
                expires_at=expires_at,
            )
            name = rules.name_of(number)
            ends = iso(expires_at)
            await commit.add(
                "link.created",
                path=place or None,
                version=version,
                link=name,
                as_of_seq=as_of_seq,
                expires_at=ends,
                note=said,
            )
            pinned = {"version": version, "as_of_seq": as_of_seq}
            given = {key: value for key, value in pinned.items() if value is not None}
            url = f"{self._folder.base_url}/s/{link_id}"
            return {"link": name, "path": place, "expires_at": ends, **given, "url": url}

        return await self._folder.recorder.change(caller, "create_link", body, once=("url",))

    async def list_links(
        self, caller: Caller, *, path: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Result:
        """Return `{links, next_cursor?}`, newest first: those of one path, or all; never the address of one.

        Whoever may not read all files sees those that it might have made.
        """
        caller.require_somewhere("read")
        bounded("limit", limit, 1, LIMITS.list_rows_max)
        place = None if path is None else canonical_directory(path)
        before = None if cursor is None else rules.number_of(cursor)
        rows = await self._folder.db.read(lambda tx: _page(tx, caller, place, before, limit + 1))
        now_s = self._folder.clock.wall_s()
        found: Result = {"links": [self._listed(row, now_s) for row in rows[:limit]]}
        return found | ({"next_cursor": rules.name_of(rows[limit - 1].number)} if len(rows) > limit else {})

    async def revoke_link(self, caller: Caller, *, link: str) -> Result:
        """Let a link lead nowhere from now on and return `{link, state}`; one that has ended stays as it is."""
        caller.require_somewhere("admin")
        number = rules.number_of(link)

        async def body(commit: Commit) -> Result:
            found = await links.by_number(commit.tx, number)
            if found is None or not _has(caller, "admin", found.path, is_directory=found.is_directory):
                raise rules.unknown(link)
            state = found.state(commit.tx.now_s)
            if state == "open":
                await links.revoke(commit.tx, number, by=caller.agent)
                await commit.add("link.revoked", path=found.path or None, link=link)
                state = "revoked"
            return {"link": link, "state": state}

        return await self._folder.recorder.change(caller, "revoke_link", body)

    async def enter(self, link_id: str) -> Link:
        """Return the link behind the id in an address.

        Raises:
            NotFound: There is none.
            Gone: It leads nowhere any more.
            RateLimited: Too many ids were tried that are none; those that are one go on.
        """
        digest = rules.digest(link_id)
        found = None if digest is None else await self._folder.db.read(lambda tx: links.by_digest(tx, digest))
        if found is None:
            self._misses, granted = self._misses.take(1, now_s=self._folder.clock.boot_s())
            if not granted:
                raise RateLimited("Too many addresses were tried that lead nowhere.", retry_after_seconds=1)
            raise NotFound("There is nothing at this address.")
        if found.state(self._folder.clock.wall_s()) != "open":
            raise Gone("This link leads nowhere any more.")
        return found

    async def content(self, link: Link, below: str) -> OpenContent:
        """Return the file that stands *below* the link.

        Raises:
            NotFound, Gone, IsDirectory: There is none.
        """
        path = rules.inside(link, below)
        if not path:
            raise IsDirectory("A directory stands there.", path=below)
        return await self._files.open_content(VISITOR, path=path, version=link.version, as_of_seq=link.as_of_seq)

    async def listing(self, link: Link, below: str, *, cursor: str | None = None) -> Result:
        """Return `{files, next_cursor?}` of the directory that stands *below* the link.

        Raises:
            NotFound, InvalidArgument: There is none.
        """
        return await self._listing.list_files(
            VISITOR,
            path=rules.inside(link, below),
            detail="full",
            max_tokens=LISTING_TOKENS,
            cursor=cursor,
            as_of_seq=link.as_of_seq,
        )

    def note_opened(self, link: Link) -> None:
        """Count that somebody has opened what a link leads to; `flush` writes it down."""
        times, _ = self._opened.get(link.number, (0, 0.0))
        self._opened[link.number] = times + 1, self._folder.clock.wall_s()

    async def flush(self) -> None:
        """Write down how often links were opened since the last time."""
        if not self._opened:
            return
        opened, self._opened = self._opened, {}
        await self._folder.db.write(lambda tx: links.add_opened(tx, opened))

    async def forget_old(self) -> None:
        """Forget the links that ended long ago."""
        await self._folder.db.write(lambda tx: links.forget_old(tx, LIMITS.link_kept_s))

    async def _check(self, caller: Caller, place: str, version: int | None, as_of_seq: int | None) -> bool:
        """Return whether a directory stands at *place*; pass when the link can be pinned as it is to be.

        Raises:
            NotFound, Gone, InvalidArgument: It cannot, or nothing stands there.
        """
        is_directory = not place or (await self._files.stat(caller, path=place))["type"] == "directory"
        for verb in ("read", "admin"):
            if not _has(caller, verb, place, is_directory=is_directory):
                caller.require(verb)  # it would let others read what its maker may not
        if is_directory and version is not None:
            raise refused("version", "a directory has none", "as_of_seq pins a directory to a moment.")
        if not is_directory and as_of_seq is not None:
            raise refused("as_of_seq", "is for directories", "version pins a file.")
        if version is not None:
            await self._files.open_content(caller, path=place, version=version)

        async def look(tx: Transaction) -> None:
            await view_of(tx, as_of_seq)

        await self._folder.db.read(look)
        return is_directory

    def _listed(self, link: Link, now_s: float) -> Result:
        opened, opened_at = self._counted(link)
        said: Mapping[str, object] = {
            "version": link.version,
            "as_of_seq": link.as_of_seq,
            "note": link.note,
            "opened_at": None if opened_at is None else iso(opened_at),
            "revoked_at": None if link.revoked_at is None else iso(link.revoked_at),
            "revoked_by": link.revoked_by,
        }
        return {
            "link": rules.name_of(link.number),
            "path": link.path,
            "type": "directory" if link.is_directory else "file",
            "state": link.state(now_s),
            "by": link.created_by,
            "at": iso(link.created_at),
            "expires_at": iso(link.expires_at),
            "opened": opened,
            **{name: value for name, value in said.items() if value is not None},
        }

    def _counted(self, link: Link) -> tuple[int, float | None]:
        """Return how often a link was opened and when last, with what is not written down yet."""
        times, at = self._opened.get(link.number, (0, link.opened_at))
        return link.opened + times, at


def _has(caller: Caller, verb: Verb, path: str, *, is_directory: bool) -> bool:
    """Whether a caller has a verb for all that a link to *path* leads to."""
    if not is_directory:
        return caller.scope.allows(verb, path)
    return caller.scope.within(verb, Selector("directory", f"{path}/")) if path else caller.scope.is_whole(verb)


def _may_share(caller: Caller, path: str) -> bool:
    """Whether a caller may make a link to *path*, be it a file or a directory."""
    return any(_has(caller, "admin", path, is_directory=one) for one in (False, True))


async def _page(tx: Transaction, caller: Caller, path: str | None, before: int | None, limit: int) -> list[Link]:
    """Return links below the number *before* of which a caller is told, newest first; there are never many."""
    if caller.sees_all:
        return await links.page(tx, path=path, before=before, limit=limit)
    found: list[Link] = []
    while len(found) < limit:
        page = await links.page(tx, path=path, before=before, limit=LIMITS.list_rows_max)
        found += [one for one in page if _has(caller, "admin", one.path, is_directory=one.is_directory)]
        if len(page) < LIMITS.list_rows_max:
            break
        before = page[-1].number
    return found[:limit]
