# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime of one user's playbooks: started when it is needed, reached over a Unix socket, ends when it is idle.

The configuration is one JSON object on standard input, so that no password of a store is on a command line or in an
environment. The answer is one JSON line on standard output: ``{"ready": true, "pid": 4711}``, or ``{"error": "...",
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
    """Serve until nobody needs the runtime. It does not return."""
    configuration = Configuration(**json.load(sys.stdin))
    detach()
    end_if_stuck(_START_LIMIT)
    os.environ.update(configuration.environment)
    starter = Starter()
    # What is imported stays for good: to look for garbage meanwhile takes time, and finds none.
    gc.disable()
    try:
        # The libraries are imported here: the process has left the playbook's session by now.
        from ..libraries import too_old
        from .service import serve

        if reason := too_old():
            starter.refuse(reason, libraries=True)
        else:
            serve(configuration, starter)
    except ImportError as error:
        starter.refuse(f"{error}.", libraries=True)
    except Exception as error:  # noqa: BLE001  # the starter reports it, whatever it is
        option = "runtime_store" if type(error).__name__ == "StoreError" else None
        starter.refuse(_reason(error), option=option)
    # No thread that waits for a database or a name server keeps the process.
    os._exit(starter.refused)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}." if error.filename else f"{error.strerror}."
    return str(error) or f"{type(error).__name__}."
