"""The use cases of tokens: make one, list and revoke them, and say who bears one.

Those that prove something are held in memory, by their digests: a call costs no look into the database, and as one
process owns the folder, a token that it has revoked proves nothing from the next call on, also to what is open already.
"""

import math
import secrets
from collections.abc import Callable, Sequence

from workspace_server.core import access_tokens as rules
from workspace_server.core.access import Caller, local
from workspace_server.core.access_tokens import Token
from workspace_server.core.limits import LIMITS
from workspace_server.core.peers import one_caller
from workspace_server.core.rates import Rates
from workspace_server.core.scopes import LOCAL, NOTHING, parse_scope, union
from workspace_server.errors import QuotaExceeded, RateLimited, Unauthenticated
from workspace_server.services.arguments import plain_text
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import tokens

LISTED_MAX = 1_000
HINT = (
    "Send `Authorization: Bearer wst_…`, over stdio and from the command line by WORKSPACE_TOKEN in the environment;"
    " the operator makes a token with `workspace-server token create`."
)


class Tokens:
    """Tokens. Errors: not_found, invalid_argument, forbidden, quota_exceeded; unauthenticated, rate_limited.

    Attributes:
        required: Whether callers have to bear one: from the first one on that was ever made, or with an issuer.
        ended: Called when one was revoked, or the first one made: what was open may have to end.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._live: dict[str, Token] = {}
        self._issued: dict[str, Token] = {}
        self._by_id: dict[str, Token] = {}
        """Of ours and of an issuer, by the public id: who has something open is looked at for every event."""
        self._used: dict[str, float] = {}
        now_s = folder.clock.boot_s()
        self._misses = Rates(each=LIMITS.token_misses_per_second, total=LIMITS.token_misses_all_per_second, now_s=now_s)
        settings = folder.settings
        self._rates = Rates(each=settings.rates_agent_per_second, total=settings.rates_total_per_second, now_s=now_s)
        self.required = False
        self.ended: Callable[[], None] = lambda: None
        folder.recorder.check_open = self.check_open

    async def load(self, db: Database) -> None:
        """Learn which tokens there are."""

        async def read(tx: Transaction) -> tuple[dict[str, Token], bool]:
            return await tokens.live(tx), await tokens.any_ever(tx)

        self._live, ever = await db.read(read)
        self._by_id = {one.token_id: one for one in self._live.values()}
        self.required = ever or self._folder.settings.oauth_issuer is not None

    def any_live(self) -> bool:
        """Return whether there is a token that proves something."""
        now_s = self._folder.clock.wall_s()
        return any(one.state(now_s) == "live" for one in self._live.values())

    def bearer(self, token: str, *, address: str | None = None) -> Token:
        """Return what a token proves.

        Args:
            address: Where it came from: who guesses there keeps nobody waiting elsewhere.

        Raises:
            Unauthenticated: Nothing, in the same words whatever it was.
            RateLimited: Too many were tried that prove nothing; those that do go on.
        """
        digest = rules.digest(token)
        found = None if digest is None else self._live.get(digest)
        now_s = self._folder.clock.wall_s()
        if found is None or found.state(now_s) != "live":
            raise self.missed("it is unknown, expired or revoked", address=address)
        self._used[found.token_id] = now_s
        return found

    def count_call(self, agent: str) -> None:
        """Count a call of *agent*, once callers have to prove who they are.

        Raises:
            RateLimited: It calls too often, or all of them do.
        """
        if not self.required:
            return
        wait_s = self._rates.wait_s(agent, now_s=self._folder.clock.boot_s())
        if wait_s:
            raise RateLimited(
                "Too many calls in a second.",
                hint="Wait, then call again; ask for more at once.",
                retryable=True,
                retry_after_seconds=max(1, math.ceil(wait_s)),
            )

    def missed(self, why: str, *, address: str | None = None) -> Unauthenticated | RateLimited:
        """Return the refusal of a token that proves nothing, and count it."""
        if self._misses.wait_s(one_caller(address or ""), now_s=self._folder.clock.boot_s()):
            return RateLimited("Too many tokens were tried that prove nothing.", retry_after_seconds=1)
        return Unauthenticated(f"This token proves nothing: {why}.", hint=HINT)

    def issued(self, digest: str) -> Token | None:
        """Return the access token of an issuer that was checked before, while it proves something."""
        found = self._issued.get(digest)
        if found is None:
            return None
        self._drop_issued(digest)
        if found.state(self._folder.clock.wall_s()) != "live":
            return None
        self.add_issued(digest, found)  # at the end again: who is used goes last
        return found

    def add_issued(self, digest: str, token: Token) -> None:
        """Remember an access token of an issuer that was checked; nothing of it is written down."""
        while len(self._issued) >= LIMITS.issued_tokens_max:
            self._drop_issued(next(iter(self._issued)))
        self._issued[digest] = token
        self._by_id[token.token_id] = token

    def forget_issued(self) -> None:
        """Let every access token of an issuer be checked again: a key of it is gone."""
        for digest in list(self._issued):
            self._drop_issued(digest)

    def check(self, token_id: str) -> Token:
        """Return the token of a browser that has logged in by it.

        Raises:
            Unauthenticated: It proves nothing any more.
        """
        found = self._in_force(token_id)
        if found is None:
            raise Unauthenticated("You are not logged in any more.", hint="Log in again.")
        self._used[token_id] = self._folder.clock.wall_s()
        return found

    def check_open(self, caller: Caller) -> None:
        """Pass when what a caller has open may go on; the server's own work asks nobody.

        Raises:
            Unauthenticated: The token that it was opened by has ended, or by now it takes one.
        """
        if caller.token is not None:
            if self._in_force(caller.token) is None:
                raise Unauthenticated("The token of this call has ended.", hint=HINT)
        elif self.required and caller.door != "engine" and not _has_the_key(caller):
            raise Unauthenticated("This server asks every caller for a token by now.", hint=HINT)

    def current(self, caller: Caller) -> Caller:
        """Return who has something open, with what it may do by now: nothing, once the token has ended."""
        return caller if _has_the_key(caller) else self.standing(caller.agent, caller.token)

    def standing(self, agent: str, token: str | None = None) -> Caller:
        """Return an agent with what it may do by now while nobody is at the door for it.

        Args:
            token: The public id of the one that it was there by: what that grants. None: what all its tokens grant.
        """
        if token is not None:
            found = self._in_force(token)
            return Caller(agent=agent, scope=NOTHING, token=token) if found is None else found.caller(agent)
        if not self.required:
            return local(agent)
        now_s = self._folder.clock.wall_s()
        scope = union(one.scope for one in self._by_id.values() if one.is_of(agent) and one.state(now_s) == "live")
        return Caller(agent=agent, scope=scope, verified=True)

    async def create_token(
        self,
        caller: Caller,
        *,
        agent: str,
        crew: bool = False,
        allow: Sequence[str] = (),
        expires_in_seconds: float | None = None,
        note: str | None = None,
    ) -> Result:
        """Make a token and return `{token, id, agent, allow, expires_at?}`; *token* is shown this once.

        Args:
            agent: Who acts by it; with *crew*, its members do, as `agent/NAME`.
            allow: Grants such as `read,search:docs/**`; without any, all verbs but `admin` in the whole workspace.
            expires_in_seconds: Until when it proves anything; for ever unless given.
        """
        caller.require("admin")
        name = rules.check_owner(agent, is_crew=crew)
        rules.check_term(expires_in_seconds)
        said = plain_text("note", note, LIMITS.note_chars_max)
        scope = parse_scope(allow) if allow else LOCAL
        token_id = secrets.token_hex(rules.ID_BYTES)
        secret = rules.spelled(token_id, secrets.token_urlsafe(rules.SECRET_BYTES))
        digest = rules.digest(secret)
        assert digest is not None

        async def body(commit: Commit) -> Result:
            now_s = commit.tx.now_s
            if len([one for one in self._live.values() if one.state(now_s) == "live"]) >= LIMITS.live_tokens_max:
                raise QuotaExceeded(
                    f"There are {LIMITS.live_tokens_max} tokens already.",
                    hint="Revoke those that nobody needs.",
                    limit=LIMITS.live_tokens_max,
                    actual=LIMITS.live_tokens_max,
                )
            made = Token(
                token_id=token_id,
                agent=name,
                is_crew=crew,
                scope=scope,
                note=said,
                created_by=caller.agent,
                created_at=now_s,
                expires_at=None if expires_in_seconds is None else now_s + expires_in_seconds,
            )
            await tokens.add(commit.tx, made, digest)
            commit.about = token_id
            commit.tx.after_commit(lambda: self._add(digest, made))
            return {**_listed(made, now_s), "token": secret}

        return await self._folder.recorder.change(caller, "create_token", body, once=("token",))

    async def list_tokens(self, caller: Caller) -> Result:
        """Return `{tokens}`, newest first; never a token itself."""
        caller.require("admin")
        rows = await self._folder.db.read(lambda tx: tokens.newest(tx, limit=LISTED_MAX))
        now_s = self._folder.clock.wall_s()
        return {"tokens": [{**_listed(row, now_s), **self._when_used(row)} for row in rows]}

    async def revoke_token(self, caller: Caller, *, token: str) -> Result:
        """Let a token prove nothing from now on and return `{id, state}`; one that has ended stays as it is."""
        caller.require("admin")
        token_id = rules.check_id(token)

        async def body(commit: Commit) -> Result:
            found = await tokens.by_id(commit.tx, token_id)
            if found is None:
                raise rules.unknown()
            state = found.state(commit.tx.now_s)
            if state == "live":
                await tokens.revoke(commit.tx, token_id, by=caller.agent)
                commit.about = token_id
                commit.tx.after_commit(lambda: self._drop(token_id))
                state = "revoked"
            return {"id": token_id, "state": state}

        return await self._folder.recorder.change(caller, "revoke_token", body)

    async def flush(self) -> None:
        """Write down which tokens were used since the last time."""
        if not self._used:
            return
        used, self._used = self._used, {}
        await self._folder.db.write(lambda tx: tokens.set_used(tx, used))

    def _in_force(self, token_id: str) -> Token | None:
        """Return the token of that id while it proves something."""
        found = self._by_id.get(token_id)
        return found if found is not None and found.state(self._folder.clock.wall_s()) == "live" else None

    def _drop_issued(self, digest: str) -> None:
        self._by_id.pop(self._issued.pop(digest).token_id, None)

    def _add(self, digest: str, made: Token) -> None:
        self._live[digest] = self._by_id[made.token_id] = made
        if not self.required:
            self.required = True
            self.ended()

    def _drop(self, token_id: str) -> None:
        self._live = {digest: one for digest, one in self._live.items() if one.token_id != token_id}
        self._by_id.pop(token_id, None)
        self.ended()

    def _when_used(self, token: Token) -> Result:
        used_at = self._used.get(token.token_id, token.used_at)
        return {} if used_at is None else {"used_at": iso(used_at)}


def _has_the_key(caller: Caller) -> bool:
    """Whether somebody was let in by the folder's own key, which does not end."""
    return caller.token is None and caller.scope.is_whole("admin")


def _listed(token: Token, now_s: float) -> Result:
    said = {
        "note": token.note,
        "expires_at": None if token.expires_at is None else iso(token.expires_at),
        "revoked_at": None if token.revoked_at is None else iso(token.revoked_at),
        "revoked_by": token.revoked_by,
    }
    return {
        "id": token.token_id,
        "agent": token.agent,
        "crew": token.is_crew,
        "allow": [str(grant) for grant in token.scope.grants],
        "state": token.state(now_s),
        "by": token.created_by,
        "at": iso(token.created_at),
        **{name: value for name, value in said.items() if value is not None},
    }
