"""What a webhook says, verified by the official package."""

import base64
import json
import time
from datetime import datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.node import program
from workspace_server.delivery.signing import Message, check_secret, new_secret, signed_headers
from workspace_server.errors import InvalidArgument

MESSAGE = Message(
    message_id="msg_1",
    source="workspace://papers",
    type="trigger.fired",
    at=1_800_000_000.25,
    subject="Entwürfe/draft.md",
    seq=42,
    root="F1",
    data={"trigger": "editor", "inputs": [{"path": "Entwürfe/draft.md"}]},
)


def test_the_receiver_verifies_what_was_signed() -> None:
    secret, body = new_secret(), MESSAGE.body()
    headers = signed_headers(MESSAGE, body, secrets=[secret], now_s=time.time())
    assert Webhook(secret).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"editor", b"author"), headers)


def test_a_receiver_in_javascript_verifies_it_too() -> None:
    secret, body = new_secret(), MESSAGE.body()
    headers = signed_headers(MESSAGE, body, secrets=[secret], now_s=time.time())
    received = json.dumps({"headers": headers, "body": body.decode()})
    assert json.loads(program.run("verify.mjs", secret, given=received)) == json.loads(body)


def test_while_the_secret_is_changed_a_receiver_in_javascript_verifies_with_either() -> None:
    old, new, body = new_secret(), new_secret(), MESSAGE.body()
    headers = signed_headers(MESSAGE, body, secrets=[new, old], now_s=time.time())
    received = json.dumps({"headers": headers, "body": body.decode()})
    for secret in (old, new):
        assert json.loads(program.run("verify.mjs", secret, given=received)) == json.loads(body)


def test_each_attempt_has_its_own_signature_and_the_same_id() -> None:
    secret, body = new_secret(), MESSAGE.body()
    first, second = (signed_headers(MESSAGE, body, secrets=[secret], now_s=now_s) for now_s in (1_000.0, 2_000.0))
    assert first["webhook-id"] == second["webhook-id"] == "msg_1"
    assert first["webhook-signature"] != second["webhook-signature"]
    assert first["traceparent"] == second["traceparent"]


def test_the_body_is_a_structured_cloudevents_event() -> None:
    event = json.loads(MESSAGE.body())
    assert event == {
        "specversion": "1.0",
        "id": "msg_1",
        "source": "workspace://papers",
        "type": "trigger.fired",
        "time": "2027-01-15T08:00:00.250Z",
        "timestamp": "2027-01-15T08:00:00.250Z",
        "subject": "Entwürfe/draft.md",
        "datacontenttype": "application/json",
        "sequence": "42",
        "data": MESSAGE.data,
    }
    assert datetime.fromisoformat(event["time"]).timestamp() == MESSAGE.at


def test_a_causal_chain_is_one_trace() -> None:
    version, trace, span, flags = MESSAGE.traceparent().split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")


def test_a_new_secret_is_32_bytes() -> None:
    assert len(base64.b64decode(check_secret(new_secret()).removeprefix("whsec_"))) == 32


@pytest.mark.parametrize("secret", [None, 7, "", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "!" * 44, "A" * 44])
def test_a_secret_too_short_or_of_another_form_is_refused(secret: object) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_secret(secret)
    assert refused.value.facts["argument"] == "secret"
