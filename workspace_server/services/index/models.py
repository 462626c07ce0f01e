"""The models of the settings at work: facts and vectors in the background, and the passages nearest to a question."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import anyio

from indexer.follower import FactFollower
from indexer.limits import PASSAGE_CHARS
from indexer.model import Hit
from indexer.models.embedding import Embedding
from indexer.models.finding import FactsByModel, identity_of
from indexer.models.follower import ModelFollower
from indexer.models.ports import ModelFailed
from indexer.ports import FactStore, Source
from indexer.progress import persist
from workspace_server.config import Settings
from workspace_server.core.tokens import BYTES_PER_TOKEN
from workspace_server.delivery.guard import origin
from workspace_server.delivery.models import ModelsOverHttp
from workspace_server.delivery.named import check_url, of_setting
from workspace_server.services.recording import Result
from workspace_server.storage.database import Database
from workspace_server.storage.tables.model_answers import SqlAnswerStore
from workspace_server.storage.tables.vectors import SqlVectorStore

log = logging.getLogger(__name__)

QUESTIONS_REMEMBERED: Final = 200
"""Questions whose vectors are remembered."""
AWAY_S: Final = 10.0
"""How long nobody waits for a model that did not answer a question in time: until then only words count."""


class Models:
    """What language models add to the index. Without a model in the settings nothing is ever connected to.

    Raises:
        InvalidArgument: The address of the settings is none.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        source: Source,
        store: FactStore,
        facts: FactFollower,
        *,
        own_ports: AbstractSet[int] = frozenset(),
    ) -> None:
        self._settings = settings
        self._answers = SqlAnswerStore(db)
        self._client = _client(settings, own_ports)
        embeds = settings.models_embed_model if self._client is not None else None
        self._vector_store = SqlVectorStore(db, embeds)
        self._finding: ModelFollower | None = None
        self._embedding: ModelFollower | None = None
        self._vectors: Embedding | None = None
        self._remembered: OrderedDict[str, list[float]] = OrderedDict()
        self._away_until_s = 0.0
        self._is_open = False
        if self._client is None:
            return
        chars_max = settings.models_tokens_per_file * BYTES_PER_TOKEN
        if settings.models_extract_model:
            finds = FactsByModel(
                source, store, self._answers, self._client, model=settings.models_extract_model, chars_max=chars_max
            )
            self._finding = ModelFollower(source, facts, finds.take)
        if settings.models_embed_model:
            self._vectors = Embedding(
                store,
                self._vector_store,
                self._client,
                model=settings.models_embed_model,
                batch=settings.models_embed_batch,
                passages_max=max(1, chars_max // PASSAGE_CHARS),
            )
            self._embedding = ModelFollower(source, facts, self._vectors.take)

    @property
    def by_meaning(self) -> bool:
        """Whether search by meaning is wanted."""
        return self._vectors is not None

    async def run(self) -> None:
        """Ask the models about the files until cancelled."""
        await persist(self._work)

    async def _work(self) -> None:
        await self._tidy()
        if self._client is None:
            await anyio.sleep_forever()
        assert self._client is not None
        async with self._client, anyio.create_task_group() as tasks:
            self._is_open = True
            try:
                for follower in (self._finding, self._embedding):
                    if follower is not None:
                        tasks.start_soon(follower.run)
                await anyio.sleep_forever()
            finally:
                self._is_open = False

    def look_again(self) -> None:
        """Have every file looked at once more, after its facts were made anew."""
        for follower in (self._finding, self._embedding):
            if follower is not None:
                follower.look_again()

    async def near(self, query: str, *, path_prefix: str, paths: Sequence[str] = ()) -> list[Hit] | None:
        """Return the passages that mean what is asked; None when no model says so in time."""
        if self._vectors is None or not self._is_open:
            return None
        try:
            vector = await self._vector_of(query)
            return None if vector is None else await self._vectors.near(vector, path_prefix=path_prefix, paths=paths)
        except ModelFailed as failed:
            log.info("a question is answered by its words only: %s", failed)
            self._away_until_s = anyio.current_time() + AWAY_S
            return None

    async def status(self) -> Result:
        """Return which models are asked, how far that is, and what went wrong last; no secret is among it."""
        if self._client is None:
            return {"on": False}
        assert self._settings.models_url is not None
        state: Result = {"on": True, "server": origin(self._settings.models_url)}
        if self._finding is not None:
            files = await self._answers.count()
            state["facts"] = {"model": self._settings.models_extract_model, "files": files, **_told(self._finding)}
        if self._embedding is not None and self._vectors is not None:
            known = self._vectors.sketches
            state["vectors"] = {
                "model": self._settings.models_embed_model,
                "files": known.files,
                "passages": known.passages,
                **_told(self._embedding),
            }
        return state

    async def _vector_of(self, query: str) -> list[float] | None:
        if query in self._remembered:
            self._remembered.move_to_end(query)
            return self._remembered[query]
        if anyio.current_time() < self._away_until_s:
            return None
        assert self._client is not None
        try:
            with anyio.fail_after(self._settings.models_query_timeout_seconds):
                [vector] = await self._client.embed([query])
        except TimeoutError:
            raise ModelFailed("the model server did not answer in time", of_input=False) from None
        self._remembered[query] = vector
        if len(self._remembered) > QUESTIONS_REMEMBERED:
            self._remembered.popitem(last=False)
        return vector

    async def _tidy(self) -> None:
        """Drop what other models have said; facts of a model that is not asked any more stand nowhere."""
        model = self._settings.models_extract_model if self._finding is not None else None
        if model is None:
            await self._answers.take_back()
        await self._answers.forget_unused(None if model is None else identity_of(model))
        await self._vector_store.forget_unused()


def _client(settings: Settings, own_ports: AbstractSet[int]) -> ModelsOverHttp | None:
    """Return who speaks to the models of the settings; None when there are none."""
    if settings.models_url is None or not (settings.models_extract_model or settings.models_embed_model):
        return None
    hint = "Give the address of a server that speaks the form of OpenAI's, such as http://127.0.0.1:11434/v1."
    with of_setting("models.url", hint=hint):
        check_url(settings.models_url)
    return ModelsOverHttp(
        settings.models_url,
        extract_model=settings.models_extract_model,
        embed_model=settings.models_embed_model,
        api_key=settings.models_api_key,
        extract_s=settings.models_extract_timeout_seconds,
        embed_s=settings.models_embed_timeout_seconds,
        own_ports=own_ports,
    )


def _told(follower: ModelFollower) -> Result:
    told: Result = {"through": follower.is_through, "left_out": follower.left_out}
    return {**told, "last_error": follower.error} if follower.error else told
