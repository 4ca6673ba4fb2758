# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URL of a model server, ``base_url``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from .errors import ModelError

_OPENAI = "https://api.openai.com/v1"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A checked ``base_url``.

    Attributes:
        url: The parts of the URL, which can include a password.
    """

    url: SplitResult

    @property
    def host(self) -> str:
        """The host name."""
        return str(self.url.hostname)

    @property
    def place(self) -> str:
        """The host and port for messages."""
        return self.url.netloc.rpartition("@")[2]

    @property
    def is_tls(self) -> bool:
        """Whether the server uses TLS."""
        return self.url.scheme == "https"

    @property
    def hint(self) -> str:
        """What is probably wrong with the path if the server does not know it, or an empty string."""
        path = self.url.path.rstrip("/")
        if path.endswith("/responses"):
            return " Remove /responses from the end of base_url: the runtime adds it."
        return "" if path else " base_url has no path: the Responses API of most servers is below /v1."

    @property
    def credentials(self) -> list[str]:
        """The secrets in the URL, quoted and unquoted."""
        written = [self.url.password or "", self.url.netloc.rpartition("@")[0]]
        return [*written, *map(unquote, written)]

    def is_same_server(self, url: str) -> bool:
        """Return whether a URL belongs to this server, not to another one on the same host."""
        try:
            return _origin(urlsplit(url)) == _origin(self.url)
        except ValueError:
            return False


@lru_cache(256)
def read_address(base_url: str | None) -> Address:
    """Check a ``base_url``.

    Args:
        base_url: The URL up to and including ``/v1``; None is OpenAI's.

    Raises:
        ModelError: It cannot be used.
    """
    base_url = base_url or _OPENAI
    try:
        url = urlsplit(base_url)
        is_usable = url.scheme in _PORTS and url.hostname and url.port != 0 and base_url.isprintable()
    except ValueError:  # the port is not a number, or the brackets of an IPv6 address do not match
        is_usable = False
    if not is_usable:
        raise ModelError("server_error", "base_url (OPENAI_BASE_URL) is not an http or https URL.")
    if "?" in base_url or "#" in base_url:
        # It is not shown, because it may be a key.
        raise ModelError("server_error", "base_url (OPENAI_BASE_URL) must not contain a query or a fragment (? or #).")
    return Address(url)


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)
