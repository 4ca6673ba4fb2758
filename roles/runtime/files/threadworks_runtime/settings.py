# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a runtime, and the options of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from .objects import RunTerms
from .text import shorten


@dataclass(frozen=True)
class ModelOptions:
    """A model server and its options. Secrets are not part of ``repr``, so that logs and tracebacks do not show them.

    Args:
        base_url: The URL of the model server, including ``/v1``, or None for OpenAI.
        api_key: The API key of the model server. Never stored.
        organization: Sent to the model server.
        project: Sent to the model server.
        timeout: The seconds that the model server may be silent.
        max_retries: The number of retries if a model server is busy or cannot be reached. With 0, a run fails if the
            server refuses a request because of its rate limit. Otherwise such requests are repeated until the run
            expires.
        requests_per_minute: The maximum number of requests in 60 seconds, or None. This and the next two options limit
            when a run sends a request. The requests of other runs to the same server count too.
        tokens_per_minute: The maximum number of tokens in 60 seconds, or None.
        concurrent_requests: The maximum number of requests at the same time, or None.
    """

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    project: str | None = None
    timeout: float = 600.0
    max_retries: int = 2
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent_requests: int | None = None


def missing_scheme(base_url: str) -> str | None:
    """Return the problem of a model server's URL without ``http://``, which no run could use.

    Args:
        base_url: The address.

    Returns:
        The problem and its solution, without user and password, or None if there is a scheme.
    """
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", base_url):
        return None
    return f"has no scheme. Use http://{shorten(base_url.rpartition('@')[2])}, or https:// for a server with TLS"


@dataclass(frozen=True)
class Settings:
    """The runtime's settings. Secrets are not part of ``repr``.

    Args:
        store: SQLAlchemy URL (``sqlite`` or ``postgresql``), or the path of an SQLite file.
        model: The model server of all runs (``served``).
        executor: ``local`` or ``served``. With ``local``, each request that creates or continues a run specifies its
            model server, so a run belongs to this process from its creation. With ``served``, all runs use ``model``,
            and any server of the store can execute a queued run.
        concurrent_runs: The number of runs that are executed at the same time. Other runs are queued.
        run_expiry: The seconds from the creation of a run until it expires (Assistants wire, section 7).
        executes: Whether this server executes all runs. Otherwise it leaves runs that are not streamed to workers.
        queues: The queues from which this process takes runs, or None for all. PostgreSQL only.
        lease: The seconds that a runner holds a run without renewing its lease.
        retention: The days for which ended runs are kept, or None for ever.
        token: The bearer token that clients must send, or None.
        hosts: The allowed host names in addition to those of loopback addresses, or None for all.
        max_body: The maximum size of a request body in bytes.
        passthrough: Whether clients can use files, vector stores, uploads and models of the model server.
        max_upload: The maximum size of a request that uploads a file, in bytes.
        transfer: Whether clients can import and export objects.
        terms: The prices and budgets of all runs (``served``).
    """

    store: str
    model: ModelOptions = ModelOptions()
    executor: Literal["local", "served"] = "local"
    concurrent_runs: int = 32
    run_expiry: int = 600
    executes: bool = True
    queues: tuple[str, ...] | None = None
    lease: float = 30.0
    retention: float | None = None
    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] | None = None
    max_body: int = 32 * 1024 * 1024
    passthrough: bool = True
    max_upload: int = 512 * 1024 * 1024
    transfer: bool = True
    terms: RunTerms = field(default_factory=RunTerms)
