# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an executor is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from ..lifecycle import Event


class Executor(Protocol):
    """Starts the runners of queued runs. No run is executed by the request that asked for it: a client may leave."""

    takes_queued: bool
    """Whether a queued run that nobody holds is taken up sooner or later."""

    stopped: bool
    """Whether it has handed over what it had."""

    def lease(self) -> dict[str, Any]:
        """The columns of a run that is being queued: who holds it until its runner does."""

    def start(self, run_id: str, *, watch: bool) -> Iterator[Event | None]:
        """Start the runner of a queued run.

        :param run_id: the run.
        :param watch: whether somebody will read the events.
        :return: the events as they happen, ``None`` now and then while nothing does. They may end before the run does.
        """

    def stop(self, grace: float) -> None:
        """Start no more runners. Those at work have ``grace`` seconds left; then their runs are handed over."""
