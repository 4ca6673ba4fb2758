# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a local runtime is told when it is started."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Configuration:
    """The configuration of a local runtime. Secrets are kept out of ``repr``.

    Args:
        store: The absolute path of an SQLite file, or an SQLAlchemy URL.
        socket: The path of the socket.
        idle_timeout: Seconds without work after which the runtime ends, until a request names others.
        concurrent_runs: Runs that are executed at the same time, until a request names another number.
        environment: The network environment: proxies, certificate authorities, PostgreSQL.
    """

    store: str = field(repr=False)
    socket: str
    idle_timeout: float = 60.0
    concurrent_runs: int = 32
    environment: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def store_file(self) -> str | None:
        """The path of an SQLite store; ``None``: the store is no file."""
        if "://" not in self.store:
            return self.store
        # Imported here: a process reads its configuration before it leaves the playbook's session.
        from sqlalchemy import make_url

        url = make_url(self.store)
        return url.database if url.get_backend_name() == "sqlite" else None
