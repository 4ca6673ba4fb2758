# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP connections to a model server: shared TLS settings, and a way to cut them from another thread."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import socket
import ssl
import weakref
from typing import TYPE_CHECKING, Any

from .errors import ModelError

if TYPE_CHECKING:
    import httpx2

_CONNECT_SECONDS = 5.0
_CONNECTED = ("connect_tcp.complete", "start_tls.complete")
_BEGINNINGS = (*_CONNECTED, "connect_tcp.started", "send_request_headers.started")


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


class Connections:
    """Builds the HTTP client of one server and can cut what it is waiting for.

    :param host: the server's host name.
    :param tls: whether the server is spoken to with TLS.
    :param timeout: seconds to wait for each piece of an answer.
    """

    def __init__(self, *, host: str, tls: bool, timeout: float) -> None:
        self._host = host
        self._tls = tls
        self._timeout = timeout
        self._cut = False
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()

    def client(self) -> httpx2.Client:
        """A new HTTP client whose connections :meth:`cut` reaches."""
        import httpx2

        return httpx2.Client(
            # Without TLS no certificates are read; this empty context trusts nobody, if there is a redirect to https.
            verify=tls_context() if self._tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            timeout=httpx2.Timeout(self._timeout, connect=min(self._timeout, _CONNECT_SECONDS)),
            # A proxy of the environment cannot reach this machine's own servers.
            trust_env=not is_loopback(self._host),
            follow_redirects=True,
            event_hooks={"request": [self._watch]},
        )

    def cut(self) -> None:
        """End every wait on these connections, now and for good; callable from any thread."""
        self._cut = True
        for stream in list(self._streams):
            with contextlib.suppress(OSError):  # it may be closed already
                # Closing a socket does not wake a thread that reads from it; shutting it down does. SSLSocket's own
                # shutdown() would take the TLS state from under that reader.
                socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)

    def _watch(self, request: httpx2.Request) -> None:
        request.extensions = {**request.extensions, "trace": functools.partial(self._trace, request)}

    def _trace(self, request: httpx2.Request, step: str, info: dict[str, Any]) -> None:
        """Called by the HTTP library around each of its steps; the SDK does not retry after an error from here."""
        error = info.get("exception")
        if self._cut and (isinstance(error, Exception) or step.endswith(_BEGINNINGS)):
            raise ModelError("server_error", "The request to the model server was given up.")
        if step.endswith(_CONNECTED):
            self._streams.add(info["return_value"])
        elif step.endswith("receive_response_headers.failed"):
            _refuse_second_request(request, error)


def _refuse_second_request(request: httpx2.Request, error: object) -> None:
    """Stop the SDK from sending again what the server has received but not answered in time.

    The model may still be at work on it, and the one who waits has waited for the whole timeout already.
    """
    import httpcore2
    import openai

    if isinstance(error, httpcore2.ReadTimeout):
        raise openai.APITimeoutError(request=request) from error
