# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of each request before a resource handles it: the host name, the token, and the header of the API."""

from __future__ import annotations

import hmac
import ipaddress
import re
from functools import lru_cache
from typing import Any

import falcon
from falcon.asgi import Request, Response

from . import page
from .ids import new_id
from .page.session import Sessions
from .settings import Settings
from .text import shorten
from .wire_errors import ApiError

_OPEN = frozenset({"/healthz", *page.OPEN})  # paths that need no token
_NETLOC = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]*)?")
_REMEDY = "If this is a name of the runtime, set --allowed-host (runtime_allowed_hosts in the role)."
_UNAUTHORIZED = (
    "Incorrect token. Send the token of the server (RUNTIME_TOKEN) as 'Authorization: Bearer TOKEN', or in the header "
    "'api-key'."
)
_NO_BETA = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. "
    "Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
)


class Doors:
    """Middleware that checks each request.

    The host name distinguishes web pages from normal clients. A browser also sends requests of foreign pages to
    loopback addresses, but always with the host name that the page used (DNS rebinding), or with the page's origin.

    Args:
        settings: The token, and the allowed host names.
        sessions: The sessions of browsers, which need no token to read.
    """

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self._hosts = settings.hosts
        self._sessions = sessions
        self._token = settings.token.encode() if settings.token else None

    async def process_request(self, req: Request, resp: Response) -> None:
        """Run the checks that apply to all paths."""
        resp.set_header("x-request-id", new_id("req"))
        if self._hosts is not None:
            self._check_host(self._hosts, req)
        if "//" in req.path:  # falcon would treat it as a single slash
            raise falcon.HTTPNotFound
        if self._token is None or req.path in _OPEN or self._sessions.has(req):
            return
        if not any(hmac.compare_digest(token.strip().encode("latin-1"), self._token) for token in _tokens(req)):
            raise ApiError(401, _UNAUTHORIZED, code="invalid_api_key")

    async def process_resource(self, req: Request, resp: Response, resource: object, params: dict[str, Any]) -> None:
        """Run the checks of the API. They depend on the route that was found, so unusual paths cannot bypass them."""
        # Clients of Azure send the version of the API instead.
        needs_beta = getattr(resource, "needs_beta", True) and "api-version" not in req.params
        if needs_beta and "assistants=v2" not in (req.get_header("OpenAI-Beta") or ""):
            raise ApiError(400, _NO_BETA, code="invalid_beta")

    @staticmethod
    def _check_host(hosts: frozenset[str], req: Request) -> None:
        sent = (req.get_header("Host") or "").lower()
        host = _hostname(sent)
        # HTTP/1.0 does not require the header. Browsers do not use it.
        if not (is_loopback(host) or host in hosts or (not sent and req.scope["http_version"] == "1.0")):
            raise ApiError(403, f"The host name '{shorten(host)}' is not allowed. {_REMEDY}", code="host_not_allowed")
        origin = req.get_header("Origin")
        if origin is None:
            return
        _scheme, _separator, netloc = origin.lower().partition("://")
        host = _hostname(netloc)
        # A different port on this machine is a different origin.
        if netloc != sent and (is_loopback(host) or host not in hosts):
            raise ApiError(
                403, f"Requests from web pages of other origins are not allowed. {_REMEDY}", code="origin_not_allowed"
            )


def _tokens(req: Request) -> list[str]:
    """Return the tokens of a request: as OpenAI's clients send it, and as Azure's do."""
    scheme, _space, bearer = (req.auth or "").partition(" ")
    return [bearer if scheme.lower() == "bearer" else "", req.get_header("api-key") or ""]


@lru_cache(256)
def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback address.

    Args:
        host: The name or address, without a port; an IPv6 address may be in brackets.

    Returns:
        True if it is.
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_host(text: str) -> bool:
    """Return whether a text is a host name or an address, without a port; an IPv6 address may be in brackets.

    Args:
        text: The text.

    Returns:
        True if it is.
    """
    bare = text.lower().strip("[]")
    return bool(bare) and _hostname(f"[{bare}]" if ":" in bare else bare) == bare


def _hostname(netloc: str) -> str:
    """Return the name or address in ``name:port``, or an empty string if the format is wrong."""
    match = _NETLOC.fullmatch(netloc)
    return (match[1] or match[2]) if match else ""
