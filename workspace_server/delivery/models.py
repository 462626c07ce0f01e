"""Speaks to language models at an address that the operator has configured, in the form that many servers share.

It goes through the one door for outgoing requests. What a server says beside the answer is not passed on: it may repeat
the key, or the text of a file.
"""

import asyncio
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Self

from indexer.models.ports import Message, ModelFailed
from workspace_server.core.limits import LIMITS
from workspace_server.delivery.guard import Policy
from workspace_server.delivery.named import allowed
from workspace_server.delivery.sender import Answer, Lookup, Sender, system_lookup

NOT_OF_INPUT: Final = frozenset({401, 402, 403, 404, 405, 408, 429, 503})
"""Answers that another question would get as well: a wrong key or name, or a server that is busy."""
READ_AT_ONCE_CHARS: Final = 64 * 1024
"""Answers up to this size are read where they are awaited, which takes a millisecond at most."""


class ModelsOverHttp:
    """A `ModelClient` for servers with `/chat/completions` and `/embeddings`. Use as an async context manager.

    Args:
        url: What stands before these two.
        own_ports: Where this server listens itself; nothing is ever sent there.
    """

    def __init__(
        self,
        url: str,
        *,
        extract_model: str | None,
        embed_model: str | None,
        api_key: str | None = None,
        extract_s: float = 120.0,
        embed_s: float = 30.0,
        own_ports: AbstractSet[int] = frozenset(),
        lookup: Lookup = system_lookup,
    ) -> None:
        self._url = url.rstrip("/")
        self._extract_model = extract_model
        self._embed_model = embed_model
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._extract_s, self._embed_s = extract_s, embed_s
        self._sender = Sender(
            Policy(allow=(allowed(url),), own_ports=own_ports),
            lookup=lookup,
            total_s=max(extract_s, embed_s),
            answer_bytes_max=LIMITS.model_answer_bytes_max,
        )

    async def __aenter__(self) -> Self:
        """Make ready to ask."""
        await self._sender.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close all connections."""
        await self._sender.__aexit__(*failure)

    async def complete(self, messages: Sequence[Message]) -> str:
        """Return what the model says to *messages*.

        Raises:
            ModelFailed: It says nothing.
        """
        said = await self._ask(
            "chat/completions",
            {
                "model": self._extract_model,
                "messages": [{"role": message.role, "content": message.text} for message in messages],
                "temperature": 0,
                "stream": False,
            },
            self._extract_s,
        )
        try:
            text = said["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            text = None
        if not isinstance(text, str):
            raise ModelFailed("the model's answer has no text", of_input=True)
        return text

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector for each text.

        Raises:
            ModelFailed: There is none.
        """
        said = await self._ask("embeddings", {"model": self._embed_model, "input": list(texts)}, self._embed_s)
        try:
            listed = sorted(said["data"], key=lambda one: one["index"])
            vectors = [[float(number) for number in one["embedding"]] for one in listed]
        except (KeyError, TypeError, ValueError, OverflowError):
            vectors = []
        if len(vectors) != len(texts):
            raise ModelFailed("the model's answer has not one vector for each text", of_input=True)
        return vectors

    async def _ask(self, what: str, asked: dict[str, Any], timeout_s: float) -> Any:
        """Return the JSON of an answer."""
        body = json.dumps(asked).encode()
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._sender.post(f"{self._url}/{what}", body, self._headers)
        except TimeoutError:
            answer = Answer(failure="timeout")
        if not answer.delivered:
            raise _failed(answer)
        try:
            if len(answer.excerpt) <= READ_AT_ONCE_CHARS:
                return json.loads(answer.excerpt)
            return await asyncio.to_thread(json.loads, answer.excerpt)
        except (ValueError, RecursionError):
            raise ModelFailed("the model server's answer is no JSON, or too long", of_input=True) from None


def _failed(answer: Answer) -> ModelFailed:
    """Return what is told of a request that failed: nothing of the answer's own words."""
    if answer.failure is None:
        return ModelFailed(
            f"the model server answered with HTTP {answer.status}", of_input=answer.status not in NOT_OF_INPUT
        )
    why = {
        "refused": f"nothing is sent to the model server: {answer.detail}",
        "timeout": "the model server did not answer in time",
        "connection": "the model server cannot be reached",
        "tls": "the model server's certificate is not accepted",
    }[answer.failure]
    return ModelFailed(why, of_input=answer.failure == "timeout")
