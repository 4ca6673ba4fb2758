# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Executing runs: the executors that start a runner somewhere, and the runner itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..settings import Settings
from ..store import Store

if TYPE_CHECKING:
    from .executor import Executor


def new_executor(settings: Settings, store: Store) -> Executor:
    """The executor that the settings name.

    :param settings: the runtime's settings.
    :param store: the store of the runs.
    :return: the executor.
    """
    if settings.executor == "threads":
        from .threads import Threads

        return Threads(settings, store)
    from .detached import Detached

    return Detached(settings, store)
