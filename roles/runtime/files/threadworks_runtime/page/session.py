# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of a browser that has signed in with the token of the server."""

from __future__ import annotations

import hashlib
import hmac
import time

from falcon.asgi import Request, Response

_COOKIE = "threadworks_session"
_LIFETIME = 12 * 3600  # seconds
_READS = ("GET", "HEAD")


class Sessions:
    """Creates and checks the cookies of sessions.

    A cookie has an expiry time, and proves that the browser has sent the token. It does not contain the token, and it
    is not stored: a new token invalidates all sessions. A session can only read.

    Args:
        token: The token of the server, or None if the server needs no token.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token.encode() if token else None

    def has(self, req: Request) -> bool:
        """Return whether a request that only reads belongs to a session."""
        return req.method in _READS and any(map(self._is_valid, req.get_cookie_values(_COOKIE) or ()))

    def open(self, token: str, req: Request, resp: Response) -> bool:
        """Start a session.

        Args:
            token: The token that the user has entered.
            req: The request of the form.
            resp: Gets the cookie.

        Returns:
            False if the token is wrong.
        """
        if self._token is None or not hmac.compare_digest(token.encode(), self._token):
            return False
        until = str(int(time.time()) + _LIFETIME)
        _set(req, resp, f"{until}.{self._proof(self._token, until)}", _LIFETIME)
        return True

    @staticmethod
    def close(req: Request, resp: Response) -> None:
        """End the session of a browser."""
        _set(req, resp, "", 0)

    def _is_valid(self, cookie: str) -> bool:
        until, _dot, proof = cookie.partition(".")
        if self._token is None or not hmac.compare_digest(proof.encode(), self._proof(self._token, until).encode()):
            return False
        return int(until) > time.time()

    @staticmethod
    def _proof(token: bytes, until: str) -> str:
        return hmac.new(token, b"session of the page until " + until.encode(), hashlib.sha256).hexdigest()


def _set(req: Request, resp: Response, value: str, seconds: int) -> None:
    # A TLS proxy says that the browser uses https.
    secure = req.forwarded_scheme == "https"
    resp.set_cookie(_COOKIE, value, max_age=seconds, path="/", http_only=True, same_site="Strict", secure=secure)
