"""Requests that schemathesis makes up from the API's description: no answer is a fault, and none is undocumented."""

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.interfaces.listening import ADMIN_KEY, listening
from workspace_server.core.access import Caller
from workspace_server.core.scopes import ALL

pytestmark = [
    pytest.mark.anyio,
    # The server draws at random beside, in another thread: no example depends on that.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]
OWNER = Caller(agent="boss", scope=ALL)
DOCUMENTED = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
BUSY = 503
"""What upkeep answers while upkeep goes on: a refusal of its own code, not a fault."""
LONG = {"/api/v1/agents", "/api/v1/events"}
"""What waits for news when it is asked to."""
EXAMPLES = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def ask_all(url: str, described: dict[str, Any], headers: dict[str, str]) -> int:
    """Ask every operation for what its description allows; return how many answers were looked at."""
    looked = 0

    def ask(case: schemathesis.Case) -> None:
        nonlocal looked
        if case.operation.path in LONG:
            case.query = {}
        case.headers.update(headers)
        answer = case.call(base_url=url)
        is_busy = answer.status_code == BUSY and answer.json()["error"].get("reason") == "busy"
        case.validate_response(answer, checks=DOCUMENTED if is_busy else [not_a_server_error, *DOCUMENTED])
        looked += 1

    for found in schemathesis.openapi.from_dict(described).get_all_operations():
        assert isinstance(found, Ok)
        EXAMPLES(given(found.ok().as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))(ask))()
    return looked


@pytest.mark.parametrize("who", ["the owner", "the bearer of a token", "nobody"])
async def test_every_answer_is_one_that_the_description_knows(folder: Path, who: str) -> None:
    async with listening(folder, wait_max_seconds=1) as served:
        for path in ("docs/a.md", "docs/b.md", "x"):
            await served.engine.files.write_file(OWNER, path=path, content="# One\n\nx: 1\n")
        headers = {"x-admin-key": ADMIN_KEY}
        async with httpx2.AsyncClient(base_url=served.url, headers=headers) as client:
            described = (await client.get("/api/v1/openapi.json")).json()
        if who != "the owner":
            made = await served.engine.tokens.create_token(OWNER, agent="ann", allow=["read,write,search:docs/**"])
            headers = {"authorization": f"Bearer {made['token']}"} if who != "nobody" else {}
        looked = await anyio.to_thread.run_sync(ask_all, served.url, described, headers)
        assert looked >= len(described["paths"])
