# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model servers, shared by runs."""

from __future__ import annotations

from weakref import WeakValueDictionary

from ..settings import ModelOptions
from .limiter import Limiter
from .server import ModelServer

_KEPT = 64


class ModelServers:
    """The model servers in use, each with its own connections. Keys are only kept in memory, and only here."""

    def __init__(self) -> None:
        self._servers: dict[ModelOptions, ModelServer] = {}
        # Runs with different timeouts, for example, share the limits of the server and the key.
        self._limiters: WeakValueDictionary[tuple[str | None, str | None], Limiter] = WeakValueDictionary()

    def get(self, options: ModelOptions) -> ModelServer:
        """Return the server for these options, always the same object.

        Args:
            options: The address and the options of the server.

        Raises:
            ModelError: The options do not specify a server.
        """
        server = self._servers.pop(options, None) or self._make(options)
        self._servers[options] = server  # the most recently used one is last
        if len(self._servers) > _KEPT:
            # Active runs keep a reference to it.
            self._servers.pop(next(iter(self._servers)))
        return server

    def _make(self, options: ModelOptions) -> ModelServer:
        limiter = self._limiters.setdefault((options.base_url, options.api_key), Limiter())
        return ModelServer(options, limiter)

    async def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            await server.close()
