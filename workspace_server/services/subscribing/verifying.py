"""Whether a receiver wants what an agent subscribes it to: it is asked before anything is sent there.

A secret that the client chose keeps others from being deceived, and nobody from being flooded. So the receiver has to
send a nonce back, unless the operator's list names it. Nothing of what else it answers reaches the client.
"""

import json
import secrets
from collections import defaultdict, deque
from hmac import compare_digest

from workspace_server.core.limits import LIMITS
from workspace_server.core.subscription_errors import category
from workspace_server.delivery.guard import Policy, Target, origin
from workspace_server.delivery.sender import Answer, Sender
from workspace_server.delivery.signing import encoded, signature_headers
from workspace_server.errors import RateLimited, Unavailable
from workspace_server.services.folder import Folder
from workspace_server.services.subscribing.outbox import control_id
from workspace_server.services.subscribing.posts import SUBSCRIPTION_HEADER

MINUTE_S = 60.0


class Verifying:
    """Sends challenges, so many a minute to one host."""

    def __init__(self, folder: Folder, policy: Policy) -> None:
        self._folder = folder
        self._policy = policy
        self._asked: defaultdict[str, deque[float]] = defaultdict(deque)

    def is_waived(self, url: str) -> bool:
        """Whether the operator's list names the receiver, so that it need not be asked."""
        return self._policy.lists(url)

    async def ask(self, url: str, *, handle: str, secret: str) -> None:
        """Pass once the receiver has sent the challenge back.

        Raises:
            RateLimited: Its host was asked too often.
            Unavailable: It did not; `reason` says why in one word.
        """
        self._count(Target.of(url).host)
        challenge = secrets.token_urlsafe(32)
        body = encoded({"type": "verification", "challenge": challenge})
        now_s = self._folder.clock.wall_s()
        headers = signature_headers(control_id("verification"), body, secrets=[secret], now_s=now_s)
        async with Sender(self._policy) as sender:
            answer = await sender.post(url, body, {**headers, SUBSCRIPTION_HEADER: handle})
        reason = _objection(answer, challenge)
        if reason is not None:
            raise Unavailable(
                f"The receiver at {origin(url)} did not prove that it wants these events: {reason}.",
                hint="It answers a signed verification with its challenge, as JSON.",
                retryable=True,
                reason=reason,
                endpoint=origin(url),
            )

    def _count(self, host: str) -> None:
        now_s = self._folder.clock.boot_s()
        for one in [host for host, asked in self._asked.items() if asked[-1] <= now_s - MINUTE_S]:
            del self._asked[one]
        asked = self._asked[host]
        while asked and asked[0] <= now_s - MINUTE_S:
            asked.popleft()
        if len(asked) >= LIMITS.verifications_per_minute:
            raise RateLimited(
                f"{host} was asked too often lately.",
                hint="Subscribe again in a minute.",
                retryable=True,
                retry_after_seconds=round(asked[0] + MINUTE_S - now_s, 1),
                limit="verifications",
                most=LIMITS.verifications_per_minute,
            )
        asked.append(now_s)


def _objection(answer: Answer, challenge: str) -> str | None:
    """Return why an answer proves nothing, or None when it does."""
    if not answer.delivered:
        is_redirect = answer.status is not None and answer.status < 400
        return "challenge_failed" if is_redirect else category(answer.status, answer.failure)
    try:
        echoed = json.loads(answer.excerpt)["challenge"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "challenge_failed"
    if not isinstance(echoed, str) or not compare_digest(echoed.encode("utf-8", "replace"), challenge.encode()):
        return "challenge_failed"
    return None
