# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serving over the Unix socket, from the first request to the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from typing import Any

from .. import __version__
from ..app import Runtime, create_app
from ..ending import end_after
from ..interpreter import tune_interpreter
from ..model.sdk import import_sdk
from ..settings import Settings
from ..store.wording import shown
from .activity import Activity
from .configuration import Configuration
from .gate import Gate
from .log import log_path, log_to, open_private
from .place import Place
from .process import Starter, end_if_stuck
from .unix import UnixServer

_LOG = logging.getLogger("threadworks.runtime.local")
_STUCK = 60.0  # seconds
_LOOK = 1.0  # seconds between two checks for work
# Clients that connected just before the socket was removed are still served.
_LATE = 0.1  # seconds


def serve(configuration: Configuration, starter: Starter) -> None:
    """Serve until the runtime is idle, stopped or replaced.

    Args:
        configuration: The configuration from the starter.
        starter: Gets the result of the start.

    Raises:
        OSError: The socket cannot be created.
        StoreError: The store cannot be used.
    """
    tune_interpreter()
    place = Place(configuration.socket)
    listener = place.listen()
    try:
        settings = Settings(store=configuration.store, concurrent_runs=configuration.concurrent_runs)
        asyncio.run(_Service(configuration, create_app(settings), place, starter).run(listener))
    finally:
        place.abandon()


class _Service:
    """One process that serves one socket."""

    def __init__(self, configuration: Configuration, runtime: Runtime, place: Place, starter: Starter) -> None:
        self._configuration = configuration
        self._place = place
        self._starter = starter
        self._context = runtime.context
        self._context.idle_timeout = configuration.idle_timeout
        self._activity = Activity(self._context)
        self._gate = Gate(runtime, self._activity, self.describe, self.stop)
        self._server = UnixServer(self._gate, runtime, self._begin, self._has_store)
        self._started_at = int(time.time())
        self._ending: asyncio.Task[None] | None = None
        self._stopping = False

    def _has_store(self) -> bool:
        """Return whether the file of the store is still there.

        If it was removed or replaced, the socket is removed immediately. A client that has just connected then starts
        another runtime with the current store.
        """
        if self._context.store.is_there():
            return True
        self._place.leave()
        self._end("the store was removed or replaced")
        return False

    def describe(self) -> dict[str, Any]:
        """Describe the process, without the store's secrets."""
        executor = self._context.executor
        return {
            "pid": os.getpid(),
            "version": __version__,
            "store": shown(self._configuration.store),
            "socket": self._place.path,
            "started_at": self._started_at,
            "idle_seconds": round(self._activity.idle_seconds(), 1),
            "active_runs": executor.running(),
            "queued_runs": executor.queued(),
            "idle_timeout": self._context.idle_timeout,
            "concurrent_runs": executor.concurrent_runs,
        }

    def stop(self, force: bool) -> None:
        """Stop.

        Args:
            force: Do not wait for the runs. Can be set in a second call.
        """
        self._stopping = True
        if force:
            end_after(0)
            self._hurrying = asyncio.get_running_loop().create_task(self._server.hurry())
        self._end("stopped")

    async def run(self, listener: socket.socket) -> None:
        """Serve, and return at the end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._terminate)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        await self._server.serve([listener])

    def _begin(self) -> None:
        """Publish the socket, report success, and start the checks."""
        log = log_path(self._configuration)
        log_to(log)
        self._traces = open_private(log)
        _LOG.info("started, version %s", __version__)
        self._place.take()
        self._starter.accept()
        loop = asyncio.get_running_loop()
        self._watching = loop.create_task(self._watch())
        # Slow, and not needed for the first responses. Garbage is not collected until then.
        self._importing = loop.run_in_executor(None, _import_later)

    async def _watch(self) -> None:
        while True:
            end_if_stuck(_STUCK, self._traces)
            if self._has_store() and not self._place.is_own():
                self._end("replaced")
            elif self._activity.is_over():
                self._end("idle")
            await asyncio.sleep(min(_LOOK, self._context.idle_timeout / 4))

    def _terminate(self) -> None:
        """Handle a signal: stop the runtime. A second signal stops it without waiting for runs."""
        self.stop(force=self._stopping)

    def _end(self, reason: str) -> None:
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._finish(reason))

    async def _finish(self, reason: str) -> None:
        left = self._place.leave()
        if reason == "idle" and not left:
            # Another process is about to use this runtime.
            self._ending = None
            return
        _LOG.info("ending: %s", reason)
        self._gate.closing = True
        await asyncio.sleep(_LATE)
        while not self._server.forced and (self._activity.busy or not left):
            await asyncio.sleep(_LATE)
            left = left or self._place.leave()
        self._server.should_exit = True


def _import_later() -> None:
    # A run reports the problem.
    with contextlib.suppress(Exception):
        import_sdk()
