# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime: the Assistants v2 wire as a WSGI application, on a store of your own and any Responses API server.

It knows the wire and the store, and nothing of Ansible. Names are imported when they are first asked for, so that
``import runtime`` costs nothing; `preload` pays for all of them at a moment of the caller's choice.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app
    from .errors import StoreError
    from .preload import preload
    from .settings import Settings

__all__ = ["Settings", "StoreError", "create_app", "preload"]

_HOMES = {"Settings": ".settings", "StoreError": ".errors", "create_app": ".app", "preload": ".preload"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The submodule `preload` shadows this function's answer once it is imported, so the name is bound for good.
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value
