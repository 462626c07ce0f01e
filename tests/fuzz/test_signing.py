"""Signatures of webhooks, beside the standard's own arithmetic."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from tests.fuzz.drawing import ANY_TEXT, fuzzed
from workspace_server.delivery.signing import SECRET_PREFIX, check_secret, encoded, signature_headers
from workspace_server.errors import InvalidArgument

SECRETS = st.binary(min_size=24, max_size=64).map(lambda key: SECRET_PREFIX + base64.b64encode(key).decode())
VALUES = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
        lambda inner: st.lists(inner, max_size=3),
    ),
    max_size=4,
)


@fuzzed(secrets=st.lists(SECRETS, min_size=1, max_size=2), data=VALUES, message_id=st.text("D0123456789-", min_size=1))
def test_a_signature_is_the_one_that_the_standard_says(secrets: list[str], data: dict, message_id: str) -> None:
    body, now_s = encoded(data), time.time()
    headers = signature_headers(message_id, body, secrets=secrets, now_s=now_s)
    signed = f"{message_id}.{int(now_s)}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in secrets]
    expected = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    assert headers["webhook-signature"] == " ".join(f"v1,{one}" for one in expected)
    assert json.loads(body) == data
    for secret in secrets:
        assert Webhook(secret).verify(body, headers) == data


@fuzzed(
    secret=SECRETS,
    data=VALUES,
    at=st.integers(0, 10_000),
    bit=st.integers(0, 7),
    what=st.sampled_from(["body", "webhook-id", "webhook-timestamp"]),
)
def test_one_bit_turned_anywhere_is_noticed(secret: str, data: dict, at: int, bit: int, what: str) -> None:
    body = encoded(data)
    headers = signature_headers("D1-7", body, secrets=[secret], now_s=time.time())
    turned = bytearray(body if what == "body" else headers[what].encode())
    turned[at % len(turned)] ^= 1 << bit
    if what == "body":
        body = bytes(turned)
    else:
        headers[what] = turned.decode("latin-1")
    with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
        Webhook(secret).verify(body, headers)


@fuzzed(
    text=st.one_of(
        ANY_TEXT,
        ANY_TEXT.map(SECRET_PREFIX.__add__),
        SECRETS,
        st.binary(max_size=80).map(lambda key: SECRET_PREFIX + base64.b64encode(key).decode()),
        st.none(),
        st.integers(),
    )
)
def test_a_secret_is_one_that_signs_or_refused(text: object) -> None:
    try:
        secret = check_secret(text)
    except InvalidArgument as refusal:
        assert not isinstance(text, str) or not text or text not in str(refusal.as_dict()) or len(text) < 12
        return
    assert 24 <= len(base64.b64decode(secret.removeprefix(SECRET_PREFIX))) <= 64
    assert signature_headers("D1", b"{}", secrets=[secret], now_s=0)
