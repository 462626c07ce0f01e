"""Forms that no page of ours made: every address that takes one refuses it, before it looks at anything else."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.interfaces.web.routes import SECTIONS
from workspace_server.services.activity import Wanted

pytestmark = pytest.mark.anyio

FORMS = sorted(address for section in SECTIONS for address in section.forms)
FIELDS = {"path": "a.md", "version": "1", "base": "1", "text": "theirs\n", "action": "pause"}
FILE = {"file": ("a.md", b"theirs\n")}


async def test_a_form_that_no_page_of_ours_made_changes_nothing(
    served: Listening, person: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one\n")
    token, foreign = served.guard.form_token, {"origin": "https://evil.example"}
    for target in (re.sub(r"\{[^}]*\}", "ana", address) for address in FORMS):
        whole = FILE if target == "/upload" else None
        refused = [
            await person.post(target, data=FIELDS, files=whole),
            await person.post(target, data={**FIELDS, "token": token[:-1]}, files=whole),
            await person.post(target, data={**FIELDS, "token": token}, files=whole, headers=foreign),
        ]
        assert [answer.status_code for answer in refused] == [403, 403, 403], target

    happened = await served.engine.activity.recent(Caller(agent="owner"), Wanted())
    assert [event["type"] for event in happened["events"]] == ["file.created"]
