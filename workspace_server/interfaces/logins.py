"""Browsers that have logged in: each has a cookie that stands for a token, for as long as that one proves something.

The cookie is drawn at random, so that the token itself lies in no browser, and is known to this run of the server only.
"""

import hashlib
import secrets

from starlette.requests import HTTPConnection
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.interfaces.cookies import cookie_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Logins:
    """Which cookie stands for which token.

    Args:
        secure: Whether browsers reach the server by https only; the cookie is then never sent otherwise.
        key: What differs per owner: cookies know no ports, and several servers may run on this machine.
    """

    def __init__(self, *, secure: bool, key: str | None) -> None:
        mark = hashlib.sha256(f"login {key or ''}".encode()).hexdigest()[:8]
        self._secure = secure
        self.cookie_name = f"{'__Host-' if secure else ''}workspace-login-{mark}"
        self._tokens: dict[str, str] = {}

    def begin(self, response: Response, token_id: str) -> None:
        """Let the browser that gets *response* stand for a token."""
        while len(self._tokens) >= LIMITS.logins_max:
            del self._tokens[next(iter(self._tokens))]
        cookie = secrets.token_urlsafe(32)
        self._tokens[_digest(cookie)] = token_id
        response.set_cookie(self.cookie_name, cookie, httponly=True, samesite="strict", secure=self._secure, path="/")

    def end(self, connection: HTTPConnection, response: Response) -> None:
        """Let a browser stand for nobody any more."""
        self._tokens.pop(_digest(self._cookie(connection)), None)
        response.delete_cookie(self.cookie_name, httponly=True, samesite="strict", secure=self._secure, path="/")

    def token_of(self, connection: HTTPConnection) -> str | None:
        """Return the public id of the token that a browser has logged in with.

        A browser sends cookies unasked; it also says which page asked it to, and without that nothing is changed.
        """
        token_id = self._tokens.get(_digest(self._cookie(connection)))
        if token_id is None or (connection.scope["method"] not in SAFE_METHODS and "origin" not in connection.headers):
            return None
        return token_id

    def form_token(self, connection: HTTPConnection, otherwise: str) -> str:
        """Return what the forms of a browser carry: its own, or *otherwise* while it has not logged in."""
        cookie = self._cookie(connection)
        if _digest(cookie) not in self._tokens:
            return otherwise
        return hashlib.sha256(f"form {cookie}".encode()).hexdigest()

    def _cookie(self, connection: HTTPConnection) -> str:
        return cookie_of(connection.headers, self.cookie_name)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
