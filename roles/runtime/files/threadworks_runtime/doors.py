# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each request must have before a resource is asked: a host name that is served, the token, the wire's header."""

from __future__ import annotations

import hmac
import ipaddress
import re
from typing import Any

import falcon
from falcon.asgi import Request, Response

from .ids import new_id
from .settings import Settings
from .text import shorten
from .wire_errors import ApiError

_OPEN = "/healthz"  # needs neither the token nor the wire's header
_NETLOC = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]*)?")
_REMEDY = "If this is a name of the runtime, start it with --allowed-host (runtime_allowed_hosts of the role)."
_UNAUTHORIZED = "Incorrect token: send the right one (RUNTIME_TOKEN of the server) as 'Authorization: Bearer TOKEN'."
_NO_BETA = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. "
    "Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
)


class Doors:
    """Middleware that checks each request.

    The host name is what tells a web page from the runtime's own clients: a browser sends requests of a foreign page to
    a loopback address too, but always with the name that the page used (DNS rebinding), or with the page's origin.

    Args:
        settings: The token, and the host names that are served.
    """

    def __init__(self, settings: Settings) -> None:
        self._hosts = settings.hosts
        self._token = settings.token.encode() if settings.token else None

    async def process_request(self, req: Request, resp: Response) -> None:
        """Check what holds for every path."""
        resp.set_header("x-request-id", new_id("req"))
        if self._hosts is not None:
            self._check_host(self._hosts, req)
        if "//" in req.path:  # falcon would route it as if it had one slash
            raise falcon.HTTPNotFound
        if self._token is None or req.path == _OPEN:
            return
        scheme, _space, token = (req.auth or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode("latin-1"), self._token):
            raise ApiError(401, _UNAUTHORIZED, code="invalid_api_key")

    async def process_resource(self, req: Request, resp: Response, resource: object, params: dict[str, Any]) -> None:
        """Check what holds for the wire: by the route that was found, so that no spelling of a path gets around it."""
        needs_beta = req.uri_template != _OPEN and getattr(resource, "needs_beta", True)
        if needs_beta and "assistants=v2" not in (req.get_header("OpenAI-Beta") or ""):
            raise ApiError(400, _NO_BETA, code="invalid_beta")

    @staticmethod
    def _check_host(hosts: frozenset[str], req: Request) -> None:
        sent = (req.get_header("Host") or "").lower()
        host = _hostname(sent)
        # HTTP/1.0, which no browser speaks, does without the header.
        if not (is_loopback(host) or host in hosts or (not sent and req.scope["http_version"] == "1.0")):
            raise ApiError(
                403, f"The host name '{shorten(host)}' is not served here. {_REMEDY}", code="host_not_allowed"
            )
        origin = req.get_header("Origin")
        if origin is None:
            return
        _scheme, _separator, netloc = origin.lower().partition("://")
        host = _hostname(netloc)
        # Another port of this machine is another origin.
        if netloc != sent and (is_loopback(host) or host not in hosts):
            raise ApiError(403, f"Web pages of another origin are not served. {_REMEDY}", code="origin_not_allowed")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's alone.

    Args:
        host: The name or address, without a port; an IPv6 address may be in brackets.

    Returns:
        Whether it is.
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_host(text: str) -> bool:
    """Whether a text is a host name or an address, without a port; an IPv6 address may be in brackets.

    Args:
        text: The text.

    Returns:
        Whether it is.
    """
    bare = text.lower().strip("[]")
    return bool(bare) and _hostname(f"[{bare}]" if ":" in bare else bare) == bare


def _hostname(netloc: str) -> str:
    """The name or address of ``name:port``; an empty one if it is not of this form."""
    match = _NETLOC.fullmatch(netloc)
    return (match[1] or match[2]) if match else ""
