"""What fails a test whose code blocks the event loop."""

from collections.abc import Sequence

from blockbuster import BlockBuster


def guard_against_blocking(modules: Sequence[str]) -> BlockBuster:
    """Return a guard, switched off, that lets no call of *modules* block but those that may."""
    guard = BlockBuster(list(modules))
    for function in guard.functions.values():
        # At its start a server makes directories and opens its database before it has anybody to keep waiting.
        function.can_block_in("workspace_server/services/engine.py", "open")
        function.can_block_in("workspace_server/storage/database.py", "open")
        # The measuring of coverage waits for its own lock, in whatever line it is called.
        function.can_block_in("coverage/collector.py", "lock_data")
    return guard
