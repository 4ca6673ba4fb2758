# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the served runtime: browse assistants, threads, runs and usage. Read-only."""

from __future__ import annotations

ASSETS = {
    "/page/app.js": "text/javascript",
    "/page/dom.js": "text/javascript",
    "/page/icon.svg": "image/svg+xml",
    "/page/style.css": "text/css",
}
"""The files of the page, and their media types."""
OPEN = frozenset({"/", "/sign-in", "/sign-out", *ASSETS})
"""The paths that need no token. Without a session, they contain no data."""
