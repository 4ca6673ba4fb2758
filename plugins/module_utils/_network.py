# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Servers with http and https URLs: connections with proxies and TLS, redirects, and retries. Modules that only few
# tasks need are imported where they are used.

from __future__ import annotations

import base64
import dataclasses
import os
import socket
import time
import typing as t
from urllib.parse import quote, unquote, urljoin, urlsplit

from ._errors import TaskError
from ._http import Connection, Failed, Pool, Request, Response, translating, unanswered
from ._http_answer import read_head
from ._http_socket import Socket

_PORTS = {"http": 80, "https": 443}
# The maximum time for a connection and its TLS handshake, in seconds. A running server takes much less.
_CONNECT = 15.0
_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
# The longest Retry-After that is respected, in seconds. For a longer one, the task fails and reports it.
LONGEST_RETRY_AFTER = 60.0
_CA_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Network:
    """Sends requests to the server with a URL.

    Args:
        url: The base URL of all paths.
        timeout: The maximum time that the server may be silent, in seconds.
        retries: The maximum number of retries of a request.

    Raises:
        TaskError: The URL is not valid.
    """

    def __init__(self, url: str, timeout: float, retries: int) -> None:
        try:
            self._url = parts = urlsplit(url)
            self._port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise _bad_url() from None
        if not parts.hostname or not url.isprintable() or " " in url:
            raise _bad_url()
        if parts.username is not None:
            raise TaskError("runtime_url must not contain a user name or a password. Use the option api_key.")
        self._host = parts.hostname
        self._timeout = timeout
        self._retries = retries
        self.server = f"The server at {self._host}:{self._port} (option runtime_url)"
        self._pool = Pool(self._connect)

    def send(self, request: Request) -> Response:
        """Send a request, retry it if that may help, and return the answer with any status.

        Raises:
            Unanswered: The server cannot be reached.
        """
        prefix = quote(self._url.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
        query = "&".join(filter(None, (self._url.query, request.query)))
        request = request._replace(path=prefix + request.path, query=query)
        attempt = 0
        while True:
            answer: Response | Failed
            try:
                answer = self._follow(request)
            except Failed as failed:
                answer = failed
            pause = _pause(answer, request, attempt)
            if pause is None or attempt >= self._retries or time.monotonic() + pause > request.deadline:
                break
            if isinstance(answer, Response):
                answer.close()
            time.sleep(pause)
            attempt += 1
            seen = isinstance(answer, Response) or answer.sent
            request = request._replace(repeated=request.repeated or seen)
        if isinstance(answer, Failed):
            raise unanswered(self.server, answer, request) from None
        return answer

    def _follow(self, request: Request) -> Response:
        """Send a request and follow redirects."""
        for _redirect in range(_REDIRECTS + 1):
            response = self._pool.exchange(request)
            location = response.header("location")
            if response.status not in _MOVED or not location:
                return response
            response.close()
            request = self._redirected(request, response.status, location)
        raise TaskError(f"{self.server} redirects more than {_REDIRECTS} times. Check the option runtime_url.")

    def _redirected(self, request: Request, status: int, location: str) -> Request:
        here = f"{self._url.scheme}://{self._netloc}"
        try:
            target = urlsplit(urljoin(f"{here}{request.path}", location))
            port = target.port or _PORTS.get(target.scheme)
        except ValueError:
            raise Failed("it redirects to an invalid URL", answered=True, hopeless=True) from None
        if (target.scheme, target.hostname, port) != (self._url.scheme, self._host, self._port):
            # The key and the content are only sent to the server that the user has configured.
            raise TaskError(
                f"{self.server} redirects to {target.scheme}://{target.hostname}:{port}, which is another server. "
                "If it is the correct server, set runtime_url to its URL."
            )
        path = quote(target.path or "/", safe="/%:@!$&'()*+,;=~")
        if status == 303:
            # 303 means GET. The other redirects repeat the request with its method and body.
            kept = {name: value for name, value in request.headers.items() if not name.startswith("Content-")}
            request = request._replace(method="GET", body=b"", pieces=None, headers=kept)
        return request._replace(path=path, query=quote(target.query, safe="%=&+,:;/?@[]!$'()*~"))

    @property
    def _netloc(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return host if self._port == _PORTS[self._url.scheme] else f"{host}:{self._port}"

    def _connect(self, deadline: float) -> Connection:
        """Open a connection, through a proxy if the environment sets one.

        Raises:
            Failed: The request or its answer did not arrive.
        """
        until = min(time.monotonic() + min(self._timeout, _CONNECT), deadline)
        proxy = _proxy_for(self._url.scheme, self._host, self._port)
        tls = self._url.scheme == "https"
        context = _tls_context() if tls else None
        sock = _tcp(proxy.host, proxy.port, until) if proxy else _tcp(self._host, self._port, until)
        try:
            if proxy and tls:
                proxy.tunnel(sock, f"[{self._host}]" if ":" in self._host else self._host, self._port, until)
            if context:
                sock = _wrapped(context, sock, self._host, until)
        except Failed:
            sock.close()
            raise
        if proxy and not tls:
            return Connection(Socket(sock), self._netloc, f"http://{self._netloc}", proxy.headers)
        return Connection(Socket(sock), self._netloc)


def _bad_url() -> TaskError:
    return TaskError("runtime_url must be an http or https URL, such as http://127.0.0.1:8088/v1.")


def _pause(answer: Response | Failed, request: Request, attempt: int) -> float | None:
    """Return the seconds to wait before a retry, or None if a retry would not help."""
    import random

    # Not for security: it prevents tasks from retrying at the same time.
    spread = random.uniform(0.75, 1)  # noqa: S311
    pause: float = min(_SHORTEST_PAUSE * 2**attempt, _LONGEST_PAUSE) * spread
    if isinstance(answer, Failed):
        again = not answer.hopeless and not (answer.sent and answer.silent)
        return pause if again and (not answer.sent or request.repeatable) else None
    if answer.status not in (408, 409, 429) and answer.status < 500:
        return None
    if not request.repeatable:
        return None
    wish = retry_after(answer)
    if wish is None:
        return pause
    # A little later than requested, so that clients do not all return at the same time.
    return wish + pause / 4 if wish <= LONGEST_RETRY_AFTER else None


def retry_after(response: Response) -> float | None:
    """Return the seconds in the header Retry-After, a number or a date, or None if there are none."""
    text = response.header("retry-after").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:9])
    from email.utils import parsedate_to_datetime

    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _tcp(host: str, port: int, until: float) -> socket.socket:
    """Return a socket that is connected to one of the addresses of a host.

    Raises:
        Failed: The request or its answer did not arrive.
    """
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "its host name is not valid"
        raise Failed(f"{host} cannot be resolved: {reason}", sent=False) from None
    reason = "it has no address"
    for number, (family, kind, protocol, _name, address) in enumerate(found):
        # An address that does not answer must leave time for the others.
        share = (until - time.monotonic()) / (len(found) - number)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(share, 0.001))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            sock.close()
            took = time.monotonic() - began
            reason = f"no connection within {took:.0f} seconds" if isinstance(error, TimeoutError) else _lower(error)
    raise Failed(reason, sent=False)


def _lower(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()


@dataclasses.dataclass(frozen=True)
class _Proxy:
    host: str
    port: int
    headers: dict[str, str]
    variable: str

    def tunnel(self, sock: socket.socket, host: str, port: int, until: float) -> None:
        """Ask the proxy for a tunnel.

        Raises:
            Failed: The request or its answer did not arrive.
        """
        line = Socket(sock)
        line.limit(max(until - time.monotonic(), 0.001), until)
        name = f"the proxy {self.host}:{self.port} (environment variable {self.variable})"
        lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        try:
            with translating(_CONNECT, lambda: line.received > 0):
                line.sendall("\r\n".join([*lines, "", ""]).encode())
                answer = read_head(line)
        except Failed as failed:
            raise Failed(f"{name} did not open a tunnel: {failed.reason}", sent=False) from None
        if answer.status != 200:
            # Only retry temporary problems.
            hopeless = answer.status < 500
            raise Failed(f"{name} answered {answer.status} {answer.reason[:100]}", sent=False, hopeless=hopeless)


def _proxy_for(scheme: str, host: str, port: int) -> _Proxy | None:
    """Return the proxy that the environment sets for a server, or None for a direct connection.

    Raises:
        Failed: The type of the proxy is not supported.
    """
    names = [name for base in (f"{scheme}_proxy", "all_proxy") for name in (base, base.upper()) if os.environ.get(name)]
    if not names or _is_loopback(host):
        return None
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    proxies = getproxies_environment()
    url = proxies.get(scheme) or proxies.get("all")
    bracketed = f"[{host}]" if ":" in host else host
    if not url or proxy_bypass_environment(f"{bracketed}:{port}", proxies):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        proxy_port = parts.port or 80
    except ValueError:
        parts, proxy_port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname:
        raise Failed(
            f"the environment variable {names[0]} must be the URL of an HTTP proxy, such as "
            "http://proxy.example.org:3128; other types of proxies are not supported",
            sent=False,
            hopeless=True,
        )
    headers = {}
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
    return _Proxy(parts.hostname, proxy_port, headers, names[0])


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_contexts: dict[tuple[str | None, ...], t.Any] = {}


def _tls_context() -> t.Any:
    """Return the TLS context for the environment's certificate authorities. It is cached, because it is slow to create.

    Raises:
        TaskError: The message names the variable that does not work.
    """
    variable = next((name for name in _CA_FILES if os.environ.get(name)), None)
    bundle, folder = os.environ.get(variable or ""), os.environ.get("SSL_CERT_DIR") or None
    known = (bundle, folder)
    if known not in _contexts:
        import ssl

        if bundle and os.path.isdir(bundle):
            bundle, folder = None, bundle
        try:
            context = ssl.create_default_context(cafile=bundle, capath=folder)
        except OSError as error:
            where = variable or "SSL_CERT_DIR"
            raise TaskError(
                f"The environment variable {where} must be the path of CA certificates in PEM format, but they "
                f"cannot be read: {error.strerror or error}."
            ) from None
        context.set_alpn_protocols(["http/1.1"])
        _contexts[known] = context
    return _contexts[known]


def _wrapped(context: t.Any, sock: socket.socket, host: str, until: float) -> socket.socket:
    """Return the socket after the TLS handshake.

    Raises:
        Failed: The request or its answer did not arrive.
    """
    import ssl

    began = time.monotonic()
    sock.settimeout(max(until - began, 0.001))
    try:
        return t.cast(socket.socket, context.wrap_socket(sock, server_hostname=host))
    except TimeoutError:
        took = time.monotonic() - began
        raise Failed(f"no TLS handshake within {took:.0f} seconds", sent=False) from None
    except ssl.SSLCertVerificationError as error:
        raise Failed(
            f"its certificate is not trusted: {error.verify_message}. If your own certificate authority issued it, "
            "set the environment variable SSL_CERT_FILE",
            sent=False,
            hopeless=True,
        ) from None
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).replace("_", " ").lower()
        raise Failed(
            f"the TLS handshake failed: {reason}. Check whether the server supports https",
            sent=False,
            hopeless="wrong version" in reason,
        ) from None
    except (OSError, ValueError) as error:
        reason = _lower(error) if isinstance(error, OSError) else str(error)
        raise Failed(f"the TLS handshake failed: {reason}", sent=False) from None
