"""Topics on which several facts speak, the newest first: where contradictions may be."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from workspace_server.storage.database import Transaction

LOOKED_AT_MAX: Final = 10_000
"""Facts whose topics one call looks at."""
TOPICS_MAX: Final = 200
"""Topics that one call returns."""


class Shared(NamedTuple):
    """Topics with the number of the newest fact about each, the newest first, and where the look at facts ended.

    Attributes:
        looked_at_from: The number of the oldest fact that was looked at; None when it was the oldest of all.
    """

    topics: Sequence[tuple[int, int]]
    looked_at_from: int | None


async def shared(tx: Transaction, *, before: int | None) -> Shared:
    """Return the topics of more than one fact whose newest fact has a number below *before*.

    A topic is returned where its newest fact is, so whoever goes on from where a call ended meets none twice.
    """
    rows = await tx.all(
        "SELECT fact_id, topic FROM facts WHERE fact_id < coalesce(?, 1 << 62) ORDER BY fact_id DESC LIMIT ?",
        before,
        LOOKED_AT_MAX,
    )
    asked = {topic for _, topic in rows if topic is not None}
    topics = await tx.all(
        "SELECT topic, max(fact_id) AS newest FROM facts WHERE topic IN (SELECT value FROM json_each(?))"
        " GROUP BY topic HAVING count(*) > 1 AND newest < coalesce(?, 1 << 62) ORDER BY newest DESC LIMIT ?",
        json.dumps(list(asked)),
        before,
        TOPICS_MAX,
    )
    if len(topics) == TOPICS_MAX:
        return Shared(topics, topics[-1][1])
    return Shared(topics, rows[-1][0] if len(rows) == LOOKED_AT_MAX else None)
