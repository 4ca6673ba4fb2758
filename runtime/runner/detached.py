# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in processes of their own, which outlive whoever started them: a task that ends, a playbook that is killed."""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any, NoReturn

from ..documents import Document
from ..lifecycle import Event
from ..settings import Settings
from ..store import Store
from .execution import Execution
from .identity import new_owner

_QUIET = 1_000  # milliseconds without an event, after which the reader is given a sign of life
_STUCK = 10_000  # milliseconds that a reader may take nothing, before it counts as gone


class Detached:
    """The executor of an embedded runtime.

    :param settings: the runtime's settings.
    :param store: the store of the runs.
    """

    takes_queued = False
    stopped = False

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store

    def lease(self) -> dict[str, Any]:
        """This process holds a queued run until its runner does: should it die in between, the run is found dead."""
        return {"lease_owner": new_owner(), "lease_until": time.time() + self._settings.lease}

    def start(self, run_id: str, *, watch: bool) -> Iterator[Event | None]:
        """Start a run's process; returns when the run is in its hands. See `Executor.start`."""
        reading, writing = os.pipe()
        middle = os.fork()
        if middle == 0:
            self._detach(run_id, writing, watch)
        os.close(writing)
        os.waitpid(middle, 0)
        events = _receive(reading)
        # The first event, or the pipe's end, says that the run is taken up: from now on this process may go.
        first = next((event for event in events if event is not None), None)
        return iter(()) if first is None else chain((first,), events)

    def stop(self, grace: float) -> None:
        """Nothing to do: the runners are processes of their own."""

    def _detach(self, run_id: str, pipe: int, watch: bool) -> NoReturn:
        # From here on nothing may return or raise into the caller's code, of which this process is a copy.
        try:
            os.setsid()
            if os.fork() == 0:
                _forget_parent(pipe)
                execution = Execution(self._store, self._settings, run_id, _Pipe(pipe, watch).tell)
                # In a thread, so that a server which does not answer keeps nobody once the run is over.
                threading.Thread(target=execution.run, daemon=True).start()
                execution.over.wait()
        finally:
            os._exit(0)


def _forget_parent(keep: int) -> None:
    """Let go of everything that was the parent's: its descriptors, its signal handlers, its working directory."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/dev/fd"):
        if int(name) not in (keep, null):
            try:
                # Replaced, not closed: an object of the parent's that is collected here later would otherwise close a
                # number that is by then in use again.
                os.fstat(int(name))
                os.dup2(null, int(name))
            except OSError:
                continue  # the listing's own descriptor


class _Pipe:
    """The runner's end of the pipe. A reader that leaves, or takes nothing for long, is forgotten, not waited for."""

    def __init__(self, descriptor: int, watch: bool) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor: int | None = descriptor
        self._watch = watch

    def tell(self, name: str, data: Document) -> None:
        """Send an event."""
        if self._descriptor is None:
            return
        try:
            self._send(self._descriptor, json.dumps([name, data], separators=(",", ":")).encode() + b"\n")
        except OSError:
            self._watch = False
        if not self._watch:
            os.close(self._descriptor)
            self._descriptor = None

    def _send(self, descriptor: int, line: bytes) -> None:
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        left = memoryview(line)
        while left:
            if not poll.poll(_STUCK):
                raise BrokenPipeError
            left = left[os.write(descriptor, left) :]


def _receive(descriptor: int) -> Iterator[Event | None]:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    pending = b""
    try:
        while True:
            if not poll.poll(_QUIET):
                yield None
                continue
            received = os.read(descriptor, 1 << 16)
            if not received:
                return
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                name, data = json.loads(line)
                yield name, data
    finally:
        os.close(descriptor)
