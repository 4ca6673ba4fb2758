# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections to model servers, shared by all runs of a server."""

from __future__ import annotations

import functools
import ipaddress
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.request import getproxies

if TYPE_CHECKING:
    import httpx2

#: The maximum time for a connection with TLS, in seconds.
CONNECT_SECONDS = 5.0
#: The status of an answer that refuses a request because of a rate limit.
RATE_LIMITED = 429
#: Called when a request of the current task has a connection.
CONNECTED: ContextVar[Callable[[], object]] = ContextVar("connected", default=bool)


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return the TLS context of all connections. It is cached, because reading the certificates takes about 50 ms."""
    import httpx2

    return httpx2.create_ssl_context()


def is_loopback(host: str) -> bool:
    """Return whether a host is a loopback host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def new_client(*, host: str, tls: bool, timeout: float) -> httpx2.AsyncClient:
    """Create the HTTP client of a model server. No connection is opened.

    Args:
        host: The server's host name.
        tls: Whether the server uses TLS.
        timeout: The seconds to wait for each piece of an answer.

    Returns:
        The client.
    """
    import httpx2

    from .lanes import Lanes
    from .meter import measure

    # Without TLS, no certificates are loaded. This empty context trusts no certificate.
    context = tls_context() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A proxy cannot reach servers on the loopback address.
    may_use_proxy = not is_loopback(host) and any(getproxies().get(scheme) for scheme in ("http", "https", "all"))
    return httpx2.AsyncClient(
        verify=context,
        # Only the library's own transport supports proxies.
        transport=None if may_use_proxy else Lanes(context),
        timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS), pool=None),
        # The pool limits the number of runs, so connections are not limited.
        limits=httpx2.Limits(max_connections=None),
        trust_env=may_use_proxy,
        # Do not follow redirects. The caller decides about each redirect.
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"request": [_watch], "response": [measure, _keep_refusal]},
    )


async def _keep_refusal(response: httpx2.Response) -> None:
    """Prevent the SDK from repeating a request that the server refused because of its rate limit.

    The limiter repeats it, so that the runs do not do this all at once.
    """
    if response.status_code == RATE_LIMITED:
        response.headers["x-should-retry"] = "false"


async def _watch(request: httpx2.Request) -> None:
    request.extensions = {**request.extensions, "trace": functools.partial(_trace, request)}


async def _trace(request: httpx2.Request, step: str, info: dict[str, object]) -> None:
    """Tell the limiter that the connection is open. The HTTP library calls this function for each of its steps.

    Also prevent the SDK from repeating a request that the server has received but not answered in time. The model may
    still be processing it, and the client has already waited for the whole timeout. The SDK does not retry after its
    own exceptions.
    """
    if step.endswith("send_request_headers.started"):
        CONNECTED.get()()
    if step.endswith("receive_response_headers.failed"):
        import httpcore2
        import openai

        error = info.get("exception")
        if isinstance(error, httpcore2.ReadTimeout):
            raise openai.APITimeoutError(request=request) from error
