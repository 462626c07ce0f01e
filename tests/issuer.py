"""A small authorization server on loopback, as operators have one: it registers clients, and signs what they get."""

import asyncio
import base64
import hashlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from workspace_server.app.serving import Server


@cache
def rsa_key(number: int = 1, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return an RSA key, the same one for the same number."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """Return a key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def public(key: PrivateKeyTypes, kid: str, algorithm: str = "RS256") -> dict[str, Any]:
    """Return the public half of a key as an issuer lists it."""
    half = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**half, "kid": kid, "use": "sig", "alg": algorithm}


class Issuer:
    """Signs tokens, says its keys, and counts how often it is asked for them.

    Attributes:
        keys: What it lists.
        signs_with: The key, its id and its algorithm.
        is_down: Whether it fails whoever asks.
    """

    def __init__(self, port: int, path: str) -> None:
        self.path = path
        self.name = f"http://127.0.0.1:{port}{path}"
        self.keys: Any = [public(rsa_key(), "one")]
        self.signs_with: tuple[Any, str | None, str] = (rsa_key(), "one", "RS256")
        self.metadata: dict[str, Any] = {}
        self.is_down = False
        self.asked = 0
        self.registered: list[dict[str, Any]] = []
        self._codes: dict[str, Mapping[str, str]] = {}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a token with exactly these claims."""
        key, kid, algorithm = self.signs_with
        return jwt.encode(dict(claims), key, algorithm, {"typ": "at+jwt", **({"kid": kid} if kid else {}), **header})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(f"/.well-known/oauth-authorization-server{self.path}", self._tell),
                Route(f"{self.path}/jwks", self._jwks),
                Route(f"{self.path}/register", self._register, methods=["POST"]),
                Route(f"{self.path}/authorize", self._authorize),
                Route(f"{self.path}/token", self._token, methods=["POST"]),
            ]
        )

    async def _tell(self, _: Request) -> Response:
        if self.is_down:
            return Response(status_code=503)
        told = {
            "issuer": self.name,
            "jwks_uri": f"{self.name}/jwks",
            "authorization_endpoint": f"{self.name}/authorize",
            "token_endpoint": f"{self.name}/token",
            "registration_endpoint": f"{self.name}/register",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
        }
        return JSONResponse(told | self.metadata)

    async def _jwks(self, _: Request) -> Response:
        self.asked += 1
        return JSONResponse({"keys": self.keys})

    async def _register(self, request: Request) -> Response:
        asked = await request.json()
        self.registered.append(asked)
        return JSONResponse({**asked, "client_id": f"client-{len(self.registered)}"}, 201)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}")

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            asked = self._codes.pop(str(form["code"]))
            proof = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            resource = str(form["resource"])
        assert base64.urlsafe_b64encode(proof).rstrip(b"=").decode() == asked["code_challenge"]
        assert resource == asked["resource"]
        claims = {
            "iss": self.name,
            "aud": resource,
            "sub": "ann",
            "client_id": asked["client_id"],
            "exp": 2**33,
            "scope": asked["scope"],
        }
        token = self.sign(claims)
        return JSONResponse(
            {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": asked["scope"]}
        )


@asynccontextmanager
async def issuing(path: str = "") -> AsyncIterator[Issuer]:
    """Run an issuer until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        issuer = Issuer(door.getsockname()[1], path)
        server = Server(issuer.app(), log_level="critical")
        serving = asyncio.create_task(server.serve(sockets=[door]))
        await server.answers(serving)
        try:
            yield issuer
        finally:
            server.should_exit = True
            await serving


def by_hand(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """Return a token as somebody writes it who has no key."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
