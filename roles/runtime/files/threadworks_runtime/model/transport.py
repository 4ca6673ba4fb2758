# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections to model servers: shared by all runs that use the same server."""

from __future__ import annotations

import functools
import ipaddress
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

#: Seconds that a connection may take, with TLS.
CONNECT_SECONDS = 5.0
_KEPT_CONNECTIONS = 100
_KEPT_SECONDS = 30.0


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The TLS settings of all connections, built once: reading the system's certificates takes about 50 ms."""
    import httpx2

    return httpx2.create_ssl_context()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def new_client(*, host: str, tls: bool, timeout: float) -> httpx2.AsyncClient:
    """Make the HTTP client of one model server. It opens no connection yet.

    Args:
        host: The server's host name.
        tls: Whether the server is spoken to with TLS.
        timeout: Seconds to wait for each piece of an answer.

    Returns:
        The client.
    """
    import httpx2

    from .meter import measure

    return httpx2.AsyncClient(
        # Without TLS no certificates are read; this empty context trusts nobody.
        verify=tls_context() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS), pool=None),
        # How many runs there are at once is the pool's matter, not the connections'.
        limits=httpx2.Limits(
            max_connections=None, max_keepalive_connections=_KEPT_CONNECTIONS, keepalive_expiry=_KEPT_SECONDS
        ),
        # A proxy of the environment cannot reach this machine's own servers.
        trust_env=not is_loopback(host),
        # Messages go where they were meant to go; the caller decides about each redirect.
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"request": [_watch], "response": [measure]},
    )


async def _watch(request: httpx2.Request) -> None:
    request.extensions = {**request.extensions, "trace": functools.partial(_trace, request)}


async def _trace(request: httpx2.Request, step: str, info: dict[str, object]) -> None:
    """Stop the SDK from sending again what the server has received but not answered in time.

    The model may still be at work on it, and the one who waits has waited for the whole timeout already. Called by the
    HTTP library around each of its steps; the SDK does not retry after an error of its own kind.
    """
    if step.endswith("receive_response_headers.failed"):
        import httpcore2
        import openai

        error = info.get("exception")
        if isinstance(error, httpcore2.ReadTimeout):
            raise openai.APITimeoutError(request=request) from error
