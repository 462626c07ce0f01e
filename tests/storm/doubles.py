"""Servers that break their word, each in one way, behind the very same doors.

`python -m tests.storm.doubles CONTROL serve …` starts one. They are the negative controls: the storm's checks must find
each of them.
"""

import asyncio
import sys
from typing import Any, Literal, get_args

from workspace_server.cli.main import main
from workspace_server.core import locks as lock_rules
from workspace_server.core.locks import Lock
from workspace_server.errors import Conflict
from workspace_server.services.files import changes
from workspace_server.services.files.changes import Put
from workspace_server.services.files.writing import Writing
from workspace_server.storage import content as contents
from workspace_server.storage.tables import deliveries, requests

Control = Literal[
    "drops the fence",
    "skips the version check",
    "places before it commits",
    "skips the outbox",
    "forgets its answers",
]
CONTROLS: tuple[Control, ...] = get_args(Control)


def drop_the_fence() -> None:
    """Let a holder write whose lock has ended: a lock is looked at when it is taken, and never again."""
    check_handle, check_write = lock_rules.check_handle, lock_rules.check_write

    def known(lock: Lock | None, handle: str, *, agent: str, now_s: float, path: str | None = None) -> Lock:
        return lock if lock is not None else check_handle(lock, handle, agent=agent, now_s=now_s, path=path)

    def trusting(path: str, **asked: Any) -> Lock | None:
        return asked["given"][0] if asked["given"] else check_write(path, **asked)

    lock_rules.check_handle, lock_rules.check_write = known, trusting
    lock_rules.check_use = lambda *_: None  # an ended lock covers nothing any more


def skip_the_version_check() -> None:
    """Replace whatever stands there, whichever version the caller has read."""
    check = changes.check_replace  # type: ignore[attr-defined]  # the name as that module imported it

    def careless(*given: Any, **asked: Any) -> None:
        try:
            check(*given, **asked)
        except Conflict:
            return

    changes.check_replace = careless  # type: ignore[attr-defined]  # as above


def place_before_the_commit() -> None:
    """Put the content into the folder first, and commit it afterwards."""
    put = Writing._put

    async def swapped(self: Writing, *given: Any, **named: Any) -> dict[str, Any]:
        change = next(one for one in given if isinstance(one, Put))
        tree, store = self._folder.materialiser._tree, self._folder.objects

        def place() -> None:
            if change.content is not None:
                data = contents.expand(change.content.form, change.content.data, store.path(change.content.sha256))
                tree.place(tree.stage(data, change.path), change.path)

        await asyncio.to_thread(place)
        return await put(self, *given, **named)

    Writing._put = swapped  # type: ignore[method-assign]


def skip_the_outbox() -> None:
    """Write no delivery down with the commit that makes it: it lives in memory, which a kill empties."""

    async def forget(*_: Any, **__: Any) -> int:
        return 0

    deliveries.insert = forget


def forget_the_answers() -> None:
    """Do anew what is asked a second time."""

    async def never(*_: Any) -> None:
        return

    requests.answered = never  # type: ignore[assignment]  # it answers nothing
    requests.remember = never  # type: ignore[assignment]  # as above


SPOIL = {
    "drops the fence": drop_the_fence,
    "skips the version check": skip_the_version_check,
    "places before it commits": place_before_the_commit,
    "skips the outbox": skip_the_outbox,
    "forgets its answers": forget_the_answers,
}

if __name__ == "__main__":
    SPOIL[sys.argv.pop(1)]()
    main()
