# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of a cluster, one after the other, until the clients have their answers."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.database import Database
from ansible_collections.threadworks.openai.tests.runtime.processes import Served, Worker

from .network import Machine

_BETWEEN = (0.5, 2.0)  # seconds between two faults


class Faults(threading.Thread):
    """Causes faults until it is stopped.

    Args:
        chance: The source of randomness.
        lease: The duration of a lease.
        database: The database.
        servers: The servers.
        workers: The workers.
        machine: The machine of the last worker, or None if it is on this one.
    """

    def __init__(
        self,
        chance: random.Random,
        lease: float,
        database: Database,
        servers: Sequence[Served],
        workers: Sequence[Worker],
        machine: Machine | None,
    ) -> None:
        super().__init__(name="faults")
        self._chance, self._lease = chance, lease
        self._database, self._servers, self._workers, self._machine = database, servers, workers, machine
        self._stopped = threading.Event()
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []

    def stop(self) -> None:
        """Stop after the current fault, with everything working again."""
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Cause each kind of fault in turn, in a new order each time."""
        kinds: dict[str, Callable[[], None]] = {
            "workers killed": self._kill_worker,
            "servers killed": self._kill_server,
            "database killed": self._kill_database,
            "workers stopped for longer than their lease": self._freeze,
            "workers restarted": self._restart,
        }
        if self._machine is not None:
            kinds["workers cut off the network"] = self._cut
        while not self._stopped.is_set():
            for name in self._chance.sample(sorted(kinds), len(kinds)):
                if self._stopped.wait(self._chance.uniform(*_BETWEEN)):
                    return
                try:
                    kinds[name]()
                except Exception as error:  # noqa: BLE001  # it is reported
                    self.errors.append(f"{name}: {type(error).__name__} {error}")
                    return
                self.counts[name] += 1

    def _kill_worker(self) -> None:
        worker = self._chance.choice(self._workers)
        worker.kill()
        self._pause(0, 1)
        self._start(worker)

    def _kill_server(self) -> None:
        server = self._chance.choice(self._servers)
        server.kill()
        self._pause(0, 1)
        server.start()

    def _kill_database(self) -> None:
        self._database.kill()
        self._pause(0, 2)
        self._database.start()

    def _freeze(self) -> None:
        worker = self._chance.choice(self._workers)
        os.killpg(worker.pid, signal.SIGSTOP)
        self._pause(self._lease, 2 * self._lease)
        os.killpg(worker.pid, signal.SIGCONT)

    def _restart(self) -> None:
        worker = self._chance.choice(self._workers)
        worker.stop()
        self._start(worker)

    def _cut(self) -> None:
        assert self._machine is not None
        self._machine.cut()
        self._pause(self._lease, 3 * self._lease)
        self._machine.heal()

    @staticmethod
    def _start(worker: Worker) -> None:
        # The next fault waits for it. Without any worker, threads would be blocked until one has started.
        worker.start()
        wait_for(lambda: worker.is_ready)

    def _pause(self, least: float, most: float) -> None:
        # Not shortened by a stop, so that the fault is a whole one.
        threading.Event().wait(self._chance.uniform(least, most))
