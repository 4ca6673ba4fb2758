# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server that can be killed. Unlike those of the server of the tests, its commits survive that."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from ansible_collections.threadworks.openai.tests.postgresql_keeper import USER, Cluster

_SECONDS = 60.0  # until it answers


class Database:
    """The server. A context manager.

    Args:
        log: The file for its log.
        fsync: Whether commits also survive a power failure, as in production.
    """

    def __init__(self, log: Path, *, fsync: bool = False) -> None:
        self._fsync = "on" if fsync else "off"
        # The path of its socket must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="tw-", dir="/tmp"))
        self._log = log.open("wb")
        self._cluster = Cluster(self._folder, self._log)
        with (self._folder / "data" / "pg_hba.conf").open("a") as access:
            access.write("host all all 10.0.0.0/8 trust\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Database:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
        self.kill()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def address(self, host: str = "127.0.0.1") -> str:
        """Return the URL of the database for a client on a host."""
        return f"postgresql://{USER}@{host}:{self.port}/postgres"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = {"listen_addresses": "*", "port": str(self.port), "max_connections": "400", "fsync": self._fsync}
        self._process = self._cluster.serve(settings)
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                psycopg.connect(self.address()).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill the server without a chance to write anything. Its helper processes notice this and end."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(_SECONDS)
            # The next start waits for the shared memory of the helper processes.
            deadline = time.monotonic() + _SECONDS
            while self._has_helpers() and time.monotonic() < deadline:
                time.sleep(0.05)
            self._process = None

    def _has_helpers(self) -> bool:
        data = str(self._folder)
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(folder / "cwd").startswith(data):
                    return True
        return False
