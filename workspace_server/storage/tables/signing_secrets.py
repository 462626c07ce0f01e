"""Rows of the secrets that sign webhooks: each trigger's present one, and for a while the one before it."""

from workspace_server.storage.database import Transaction


async def of_trigger(tx: Transaction, trigger_id: int) -> list[str]:
    """Return the secrets that sign a trigger's webhooks now, the newest first."""
    row = await tx.one("SELECT secret, old_secret, old_secret_until FROM triggers WHERE trigger_id = ?", trigger_id)
    assert row is not None
    present, old, old_until = row
    return [secret for secret in (present, old if old_until is not None and tx.now_s < old_until else None) if secret]


async def replace(tx: Transaction, trigger_id: int, secret: str, *, old_until: float) -> None:
    """Give a trigger another secret; the present one signs beside it until then."""
    await tx.run(
        "UPDATE triggers SET old_secret = secret, old_secret_until = ?, secret = ? WHERE trigger_id = ?",
        old_until,
        secret,
        trigger_id,
    )
