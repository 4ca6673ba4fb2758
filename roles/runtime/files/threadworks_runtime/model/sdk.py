# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The import of the openai SDK, which takes longer than the whole rest of a start."""

from __future__ import annotations

import gc
import importlib
import sys

# The SDK imports this library, if it is installed, for a transport that the runtime does not use.
_NOT_USED = "aiohttp"


def import_sdk() -> None:
    """Import the SDK, without what the runtime does not use, and collect garbage only after that.

    Call it before the event loop executes runs: the first run would stop the loop for the import, and on a busy machine
    the leases would expire meanwhile.

    Raises:
        ImportError: The SDK is not installed.
    """
    # Imported modules are permanent, so garbage collection during imports only takes time.
    gc.disable()
    sys.modules.setdefault(_NOT_USED, None)  # type: ignore[arg-type]  # None makes an import fail
    try:
        importlib.import_module("openai")
    finally:
        if sys.modules[_NOT_USED] is None:
            del sys.modules[_NOT_USED]
        gc.freeze()
        gc.enable()
