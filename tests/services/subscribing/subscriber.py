"""A receiver that subscribes to events: it sends challenges back, and keeps what it was sent."""

import json
from typing import Any

from aiohttp import web

from tests.services.receiver import Received, Receiver
from workspace_server.core.access import Caller
from workspace_server.delivery.signing import new_secret
from workspace_server.services.engine import Engine
from workspace_server.services.subscribing.asked import Asked

ANN = Caller(agent="ann")


class Subscriber(Receiver):
    """Attributes:
    secret: Signs what it is sent.
    challenges: Verifications that it was asked for.
    echo: What it sends back of a challenge; by default the challenge.
    """

    def __init__(self) -> None:
        super().__init__("https")
        self.secret = new_secret()
        self.challenges: list[Received] = []
        self.echo: Any = None

    async def handle(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if body.get("type") != "verification" or self.answers:
            return await super().handle(request)
        self.challenges.append(Received(request.path, dict(request.headers), await request.read()))
        return web.json_response({"challenge": body["challenge"]} if self.echo is None else self.echo)

    def asks(self, name: str = "file.created", **more: Any) -> Asked:
        """Return what it asks for."""
        given = {"arguments": {}, "url": self.url, "secret": self.secret, **more}
        return Asked(name=name, **given)

    async def subscribe(self, engine: Engine, name: str = "file.created", **more: Any) -> dict[str, Any]:
        """Subscribe as *ann*."""
        return await engine.subscribing.subscriptions.subscribe(ANN, self.asks(name, **more))

    async def heard(self) -> dict[str, Any]:
        """Return the next that arrives, once its signature holds."""
        [received] = await self.next()
        return received.verify(self.secret)
