"""Under which numbers refusals leave, and in which words a failed attempt is told of."""

import pytest

from workspace_server.core.subscription_errors import DEPLOYED, PROVISIONAL, category, numbers


def test_a_setting_chooses_between_the_two_sets_of_numbers() -> None:
    assert (numbers(provisional=False), numbers(provisional=True)) == (DEPLOYED, PROVISIONAL)
    assert {DEPLOYED.not_found, DEPLOYED.callback} == {-32011, -32015}
    assert {PROVISIONAL.not_found, PROVISIONAL.callback} == {-32023, -32027}


@pytest.mark.parametrize(
    ("status", "failure", "told"),
    [
        (404, None, "http_4xx"),
        (302, None, "http_4xx"),
        (503, None, "http_5xx"),
        (None, "timeout", "timeout"),
        (None, "tls", "tls_error"),
        (None, "connection", "connection_refused"),
        (None, "refused", "connection_refused"),
    ],
)
def test_a_failed_attempt_is_told_in_one_word(status: int | None, failure: str | None, told: str) -> None:
    assert category(status, failure) == told
