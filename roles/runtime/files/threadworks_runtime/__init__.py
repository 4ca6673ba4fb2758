# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime: the Assistants v2 wire as an ASGI application, on a store of your own and any Responses API server.

It knows the wire and the store, and nothing of Ansible. ``python -m threadworks_runtime serve`` serves it over HTTP,
``local`` over a Unix socket to the playbooks of one user.
"""

from __future__ import annotations

__version__ = "0.2.0"
