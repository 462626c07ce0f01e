"""What goes on when the disk is full."""

from workspace_server.errors import Unavailable

ESSENTIAL = frozenset(
    {"delete_file", "unlock_files", "expire_locks", "break_lock", "purge", "gc", "end_claims", "deliver", "revoke_link"}
)
"""Actions that free room or others' hands, or that would be done twice if they were not recorded."""


def check_room(action: str, *, short: bool) -> None:
    """Pass when *action* may write now.

    Args:
        short: The disk is full, and the reserve is spent.

    Raises:
        Unavailable: It has to wait until there is room.
    """
    if short and action not in ESSENTIAL:
        raise Unavailable(
            "The disk is full: only reading, unlocking and deleting go on.",
            hint="Delete what is not needed, or ask a person for room on the disk; then try again.",
            retryable=True,
            reason="disk full",
        )
