"""The one door for outgoing requests: guarded, bounded, and without a memory of its own."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from workspace_server import __version__
from workspace_server.core.limits import LIMITS
from workspace_server.delivery.guard import Policy, Refused, Target

Failure = Literal["refused", "unsendable", "timeout", "connection", "tls"]
Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Returns the numeric addresses of a host."""

KEEP_ALIVE_S: Final = 30.0

# Which target the connection that is being opened is for. aiohttp opens it in tasks of its own, which inherit this.
_target: ContextVar[Target] = ContextVar("target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one attempt.

    Attributes:
        status: The HTTP status; None when there was no answer.
        failure: Why there was none.
        detail: What a person reads about it.
        excerpt: The beginning of the answer's body.
        retry_after: The header of that name.
        latency_ms: From the first byte out to the end of the answer.
    """

    status: int | None = None
    failure: Failure | None = None
    detail: str = ""
    excerpt: str = ""
    retry_after: str | None = None
    latency_ms: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


async def system_lookup(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


class Sender:
    """Sends requests where the policy lets it. Use as an async context manager.

    It follows no redirect, takes no proxy from the environment, keeps no cookie, and reads no more of an answer than is
    kept. Connections are kept alive, so that only the first request to a receiver pays for opening one.

    Args:
        connect_s: How long a connection may take to be there, with the look-up of its name.
        total_s: How long one request may take.
        answer_bytes_max: How much of an answer is kept.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        lookup: Lookup = system_lookup,
        connect_s: float = LIMITS.delivery_connect_s,
        total_s: float = LIMITS.delivery_total_s,
        answer_bytes_max: int = LIMITS.delivery_answer_bytes_max,
    ) -> None:
        self._policy = policy
        self._connect_s = connect_s
        self._total_s = total_s
        self._answer_bytes_max = answer_bytes_max
        self._resolver = _Resolver(policy, lookup)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Make ready to send."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            socket_factory=self._open_socket,
            use_dns_cache=False,
            ssl=self._policy.tls or True,
            limit=0,  # the dispatcher bounds what is in flight
            keepalive_timeout=KEEP_ALIVE_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._total_s, connect=self._connect_s),
            headers={"User-Agent": f"workspace-server/{__version__}", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request and return what came of it; only a cancellation is raised."""
        return await self._request("POST", url, body, headers)

    async def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Fetch something and return what came of it, as `post` does."""
        return await self._request("GET", url, None, headers)

    async def _request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        assert self._session is not None, "used outside of its context"
        started = time.perf_counter()
        _target.set(Target.of(url))
        try:
            request = self._session.request(method, url, data=body, headers=headers, allow_redirects=False)
            async with request as response:
                answer = Answer(
                    status=response.status,
                    excerpt=await _excerpt(response, self._answer_bytes_max),
                    retry_after=response.headers.get("Retry-After"),
                )
        except Refused as refused:
            answer = Answer(failure="refused", detail=str(refused))
        except TimeoutError:
            answer = Answer(failure="timeout", detail="no answer in time")
        except (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch) as error:
            answer = Answer(failure="tls", detail=_said(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            answer = Answer(failure="connection", detail=_said(error))
        return replace(answer, latency_ms=round((time.perf_counter() - started) * 1_000, 3))

    def _open_socket(self, info: Any) -> socket.socket:
        """Judge the numeric peer once more, at the last moment: literal addresses never met the resolver."""
        family, kind, protocol, _, address = info
        target = _target.get()
        assert address[1] == target.port
        self._policy.check(target, str(address[0]))
        return socket.socket(family=family, type=kind, proto=protocol)


class _Resolver(AbstractResolver):
    """Resolves once, and requires every answer to be allowed: one good answer is no excuse for a bad one.

    All who ask for a name while it is looked up wait for one answer: names that nobody answers for would otherwise take
    every thread that looks names up, and keep those of other receivers waiting.
    """

    def __init__(self, policy: Policy, lookup: Lookup) -> None:
        self._policy = policy
        self._lookup = lookup
        self._asked: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses to connect to."""
        del family  # both are asked for; what the machine cannot reach fails to connect
        addresses = list(dict.fromkeys(await self._look_up(host, port)))
        if not addresses:
            raise OSError(f"{host} has no address")
        for address in addresses:
            self._policy.check(_target.get(), address)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Ask no more."""
        for asked in self._asked.values():
            asked.cancel()

    async def _look_up(self, host: str, port: int) -> list[str]:
        asked = self._asked.get((host, port))
        if asked is None:
            asked = asyncio.ensure_future(self._lookup(host, port))
            self._asked[host, port] = asked
            asked.add_done_callback(lambda done: self._forget(host, port, done))
        return await asyncio.shield(asked)  # who waits no longer does not end it for the others

    def _forget(self, host: str, port: int, done: asyncio.Future[list[str]]) -> None:
        self._asked.pop((host, port), None)
        if not done.cancelled():
            done.exception()  # looked at, also when nobody waits for it any more


async def _excerpt(response: aiohttp.ClientResponse, limit: int) -> str:
    """Return the beginning of the body; what goes on beyond it costs the connection."""
    kept = b""
    while len(kept) <= limit:
        chunk = await response.content.read(limit + 1 - len(kept))
        if not chunk:
            break
        kept += chunk
    else:
        response.close()
    return kept[:limit].decode("utf-8", "replace")


def _said(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:300]
