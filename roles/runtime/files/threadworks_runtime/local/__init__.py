# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local runtime for the playbooks of one user. It starts on demand, uses a Unix socket, and exits when it is idle.

The configuration is one JSON object on standard input, so that passwords are not on a command line or in an
environment. The answer is one line of JSON on standard output: ``{"ready": true, "pid": 4711}``, or ``{"error": "...",
"option": "runtime_store"}``.
"""

from __future__ import annotations

import gc
import json
import os
import sys

from .configuration import Configuration
from .process import Starter, detach, end_if_stuck

_START_LIMIT = 120  # seconds


def main() -> None:
    """Serve until the runtime is idle. Does not return."""
    configuration = Configuration(**json.load(sys.stdin))
    detach()
    end_if_stuck(_START_LIMIT)
    os.environ.update(configuration.environment)
    starter = Starter()
    # Imported modules are permanent, so garbage collection during imports only takes time.
    gc.disable()
    try:
        # The libraries are imported after the process has left the playbook's session.
        from ..libraries import too_old
        from .service import serve

        if reason := too_old():
            starter.refuse(reason, libraries=True)
        else:
            serve(configuration, starter)
    except ImportError as error:
        starter.refuse(f"{error}.", libraries=True)
    except Exception as error:  # noqa: BLE001  # the starter reports each error
        option = "runtime_store" if type(error).__name__ == "StoreError" else None
        starter.refuse(_reason(error), option=option)
    # Exit without waiting for threads that wait for a database or a name server.
    os._exit(starter.refused)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}." if error.filename else f"{error.strerror}."
    return str(error) or f"{type(error).__name__}."
