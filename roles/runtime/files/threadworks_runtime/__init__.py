# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime: an ASGI application with the Assistants API v2, a store, and any server with the Responses API.

It does not depend on Ansible. ``python -m threadworks_runtime serve`` serves it over HTTP, and ``local`` over a Unix
socket for the playbooks of one user.
"""

from __future__ import annotations

__version__ = "0.2.0"
