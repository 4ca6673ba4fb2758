# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a local runtime."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Configuration:
    """The configuration of a local runtime. Secrets are not part of ``repr``.

    Args:
        store: The absolute path of an SQLite file, or an SQLAlchemy URL.
        socket: The path of the socket.
        idle_timeout: The seconds without work after which the runtime exits, until a request sets another value.
        concurrent_runs: The maximum number of active runs, until a request sets another number.
        environment: The network environment: proxies, certificate authorities, PostgreSQL.
    """

    store: str = field(repr=False)
    socket: str
    idle_timeout: float = 60.0
    concurrent_runs: int = 32
    environment: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def store_file(self) -> str | None:
        """The path of an SQLite store, or None for other stores."""
        if "://" not in self.store:
            return self.store
        # Imported here, because the configuration is read before the process leaves the playbook's session.
        from sqlalchemy import make_url

        url = make_url(self.store)
        return url.database if url.get_backend_name() == "sqlite" else None
