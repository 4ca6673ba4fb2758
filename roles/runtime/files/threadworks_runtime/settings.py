# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runtime is told once, when it is made, and what a request may tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from .text import shorten


@dataclass(frozen=True)
class ModelOptions:
    """A model server and how it is asked. Secrets are kept out of ``repr``, so that no log or traceback shows them.

    Args:
        base_url: The model server's address, up to and including ``/v1``; ``None``: the SDK's default.
        api_key: The model server's key. Never stored.
        organization: Sent to the model server.
        project: Sent to the model server.
        timeout: Seconds the model server may stay silent.
        max_retries: Further attempts at a model server that is busy or cannot be reached.
    """

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    project: str | None = None
    timeout: float = 600.0
    max_retries: int = 2


def missing_scheme(base_url: str) -> str | None:
    """What is wrong with a model server's address without ``http://``, which would be of no use to any run.

    Args:
        base_url: The address.

    Returns:
        The problem and its remedy, without a user and a password; ``None``: there is a scheme.
    """
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", base_url):
        return None
    return f"has no scheme: write http://{shorten(base_url.rpartition('@')[2])}, or https:// for a server with TLS"


@dataclass(frozen=True)
class Settings:
    """The runtime's settings. Secrets are kept out of ``repr``.

    Args:
        store: SQLAlchemy URL (``sqlite`` or ``postgresql``), or the path of an SQLite file.
        model: The model server of all runs (``served``).
        executor: ``local``: each request that makes or continues a run names its model server, so a run belongs to
            this process from its creation on; ``served``: all runs use ``model``, and any server of the store takes a
            queued run.
        concurrent_runs: Runs that are executed at the same time; the others are queued.
        run_expiry: Seconds from a run's creation until it expires (Assistants wire, section 7).
        lease: Seconds a runner holds a run without a sign of life.
        token: What clients must send as bearer token; ``None``: nothing is asked for.
        hosts: The host names that requests may be for, besides those of loopback addresses; ``None``: any.
        max_body: Bytes a request's body may have.
        passthrough: Whether files, vector stores, uploads and models of the model server can be used by clients.
        max_upload: Bytes a request may have that uploads a file to the model server.
    """

    store: str
    model: ModelOptions = ModelOptions()
    executor: Literal["local", "served"] = "local"
    concurrent_runs: int = 32
    run_expiry: int = 600
    lease: float = 30.0
    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] | None = None
    max_body: int = 32 * 1024 * 1024
    passthrough: bool = True
    max_upload: int = 512 * 1024 * 1024
