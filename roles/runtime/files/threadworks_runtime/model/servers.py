# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model servers that runs share."""

from __future__ import annotations

from ..settings import ModelOptions
from .server import ModelServer

_KEPT = 64


class ModelServers:
    """The model servers in use, each with its own connections. Keys are kept in memory, and only as long as here."""

    def __init__(self) -> None:
        self._servers: dict[ModelOptions, ModelServer] = {}

    def get(self, options: ModelOptions) -> ModelServer:
        """Return the server of these options, the same one each time.

        Args:
            options: Where it is, and how it is asked.

        Raises:
            ModelError: They name no server.
        """
        server = self._servers.pop(options, None) or self._make(options)
        self._servers[options] = server  # the one that was used last is last
        if len(self._servers) > _KEPT:
            # Runs that still use it keep it alive.
            self._servers.pop(next(iter(self._servers)))
        return server

    def _make(self, options: ModelOptions) -> ModelServer:
        return ModelServer(options)

    async def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            await server.close()
