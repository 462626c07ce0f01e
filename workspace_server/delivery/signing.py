"""What a webhook says and how its receiver knows who said it: Standard Webhooks around a CloudEvents 1.0 event."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any, Final

from standardwebhooks import Webhook

from workspace_server.core.firings import trace_of
from workspace_server.core.triggers.targets import Profile
from workspace_server.errors import InvalidArgument

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the prefix of every secret, not one
SECRET_BYTES: Final = 32
_SECRET_BYTES_ALLOWED: Final = range(24, 65)  # of the Standard Webhooks specification


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one delivery says, the same on every attempt.

    Attributes:
        message_id: Stays the same over all attempts; a receiver that has seen it may drop a repeat.
        source: The workspace, as a URI.
        type: The event's type.
        at: When it happened, in seconds since 1970.
        subject: What it happened to.
        seq: The number of the event in the log.
        root: The first firing of the causal chain, which all its requests share as their trace.
        data: The event's data.
        profile: How the body looks: a CloudEvents event, or the data alone, for tools that map flat fields.
    """

    message_id: str
    source: str
    type: str
    at: float
    subject: str
    seq: int
    root: str
    data: Mapping[str, Any]
    profile: Profile = "standard"

    def saying(self, data: Mapping[str, Any]) -> "Message":
        """Return the message with other data."""
        return replace(self, data=data)

    def body(self) -> bytes:
        """Return the body: one JSON object, which is a structured CloudEvents event as well unless it is plain."""
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self.profile == "plain":
            return encoded({"id": self.message_id, "type": self.type, "time": moment, **self.data})
        event = {
            "specversion": "1.0",
            "id": self.message_id,
            "source": self.source,
            "type": self.type,
            "time": moment,
            "timestamp": moment,
            "subject": self.subject,
            "datacontenttype": "application/json",
            "sequence": str(self.seq),
            "data": self.data,
        }
        return encoded(event)

    def traceparent(self) -> str:
        """Return the W3C trace context: one trace for a causal chain, one span for a delivery."""
        span = hashlib.sha256(self.message_id.encode()).hexdigest()[:16]
        return f"00-{trace_of(self.source, self.root)}-{span}-01"


def new_secret() -> str:
    """Return a fresh secret, to be shown once."""
    return SECRET_PREFIX + base64.b64encode(token_bytes(SECRET_BYTES)).decode()


def check_secret(text: object) -> str:
    """Return the secret that a caller gave.

    Raises:
        InvalidArgument: It is not `whsec_` and base64 of 24 to 64 bytes.
    """
    if isinstance(text, str) and text.startswith(SECRET_PREFIX):
        try:
            if len(base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)) in _SECRET_BYTES_ALLOWED:
                return text
        except (binascii.Error, ValueError):
            pass
    reason = "must be whsec_ followed by base64 of 24 to 64 bytes"
    raise InvalidArgument(
        f"secret: {reason}.", hint="Leave it out and the server makes one.", argument="secret", reason=reason
    )


def signed_headers(message: Message, body: bytes, *, secrets: Sequence[str], now_s: float) -> dict[str, str]:
    """Return the headers of one attempt at a webhook, as `signature_headers` does, with its trace."""
    headers = signature_headers(message.message_id, body, secrets=secrets, now_s=now_s)
    return {**headers, "traceparent": message.traceparent()}


def signature_headers(message_id: str, body: bytes, *, secrets: Sequence[str], now_s: float) -> dict[str, str]:
    """Return the headers that sign one attempt; each attempt has its own time and signature.

    Args:
        secrets: One, or two while the secret is being changed: a receiver that knows either verifies it.
        now_s: Seconds since 1970; receivers refuse what is older than five minutes.
    """
    moment, text = datetime.fromtimestamp(int(now_s), UTC), body.decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now_s)),
        "webhook-signature": " ".join(Webhook(one).sign(message_id, moment, text) for one in secrets),
    }


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return a body as it is signed and sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
