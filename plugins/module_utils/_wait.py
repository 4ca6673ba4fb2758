# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Following a run to its end: by its stream where the server streams, by asking again where it does not.

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ._client import EventStream, Wire
from ._errors import TaskError, Unanswered

ACTIVE = ("queued", "in_progress", "cancelling")
_FIRST_POLL = 0.25
_LONGEST_POLL = 5.0
_PROGRESS_EVERY = 3.0


@dataclass
class Follower:
    """Follows runs, as long as the task may take, and shows how they get on.

    Attributes:
        wire: the client.
        timeout: how long to wait at the most, in seconds of wall-clock time, from now on.
        warn: shows a warning.
        show: shows a line of progress; None for silence.
    """

    wire: Wire
    timeout: float
    warn: t.Callable[[str], None]
    show: t.Callable[[str], None] | None = None
    _start: float = field(default_factory=time.monotonic)
    _shown: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """The seconds left, at least a moment: a request needs a positive timeout."""
        return max(self._start + self.timeout - time.monotonic(), 0.001)

    def stream(
        self, events: EventStream, run: dict[str, t.Any] | None = None
    ) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
        """Follow a stream to the run's end, or until it needs an action.

        Args:
            events: the stream.
            run: the run, where it existed before the request.

        Returns: the run as it was last seen, and the messages that it has written.
        A stream that breaks off is no reason to run again: the run is asked for until it ends.
        """
        if not events.is_stream:
            return self.poll(events.run()), []
        run = run or {}
        messages: list[dict[str, t.Any]] = []
        tokens = 0
        try:
            for event in events:
                if event.name.startswith("thread.run.") and event.data.get("object") == "thread.run":
                    run = event.data
                elif event.name == "thread.message.completed":
                    messages.append(event.data)
                elif event.name == "thread.message.delta":
                    tokens += 1
                elif event.name == "thread.run.step.completed":
                    self._pass_on_warnings(run, event.data)
                elif event.name == "error" and not run:
                    raise Unanswered(str(event.data.get("message") or event.data))
                self._look_at_the_clock(run, tokens)
        except Unanswered:
            if not run:
                raise
        if not run:
            raise Unanswered("The stream ended before it told of a run.")
        # Where the stream broke off messages may be missing: None of them is better than some.
        return (run, messages) if run["status"] not in ACTIVE else (self.poll(run), [])

    def poll(self, run: dict[str, t.Any]) -> dict[str, t.Any]:
        """Ask for a run until it has ended or needs an action, and return it.

        Raises: TaskError when the time is over; its data has the run as it was last seen.
        """
        pause = _FIRST_POLL
        while run["status"] in ACTIVE:
            answer = self.wire.ask("threads", run["thread_id"], "runs", run["id"])
            run = answer.body
            self._look_at_the_clock(run, 0)
            if run["status"] in ACTIVE:
                time.sleep(min(answer.poll_after or pause, _LONGEST_POLL, self.left))
                pause = min(pause * 1.5, _LONGEST_POLL)
        return run

    def _pass_on_warnings(self, run: dict[str, t.Any], step: dict[str, t.Any]) -> None:
        """Warn of what the model server may have ignored: the runtime puts it with the step."""
        for name, text in (step.get("metadata") or {}).items():
            if name.startswith("warning_"):
                self.warn(f"Run {run['id']}: {text}")

    def _look_at_the_clock(self, run: dict[str, t.Any], tokens: int) -> None:
        now = time.monotonic()
        if now - self._start >= self.timeout and run.get("status", "queued") in ACTIVE:
            raise TaskError(
                f"Run {run.get('id')} is still {run.get('status')} after {self.timeout:g} seconds (option "
                "wait_timeout). It goes on: run the task again to wait for it, or cancel it with state: cancelled.",
                run=run or None,
                run_id=run.get("id"),
                thread_id=run.get("thread_id"),
                status=run.get("status"),
            )
        if self.show and now - self._shown >= _PROGRESS_EVERY and run:
            self._shown = now
            seen = f", {tokens} tokens" if tokens else ""
            self.show(f"{run['id']}: {run['status']}, {now - self._start:.0f} s{seen}")
