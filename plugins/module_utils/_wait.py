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

from ._client import Answer, Wire
from ._errors import RunNotEnded, TaskError, Unanswered
from ._events import EventStream
from ._status import RUNNING, RunStatus

_FIRST_POLL = 0.25
_LONGEST_POLL = 5.0
_PROGRESS_EVERY = 3.0
_TRIES = 3


class StartedRun(t.NamedTuple):
    """A run that a request has made or continued.

    Attributes:
        run: the run as it was last seen.
        messages: the messages that it has written; None where they are not known.
        is_new: whether this task has made it; False where another one has made the same at the same moment.
    """

    run: dict[str, t.Any]
    messages: list[dict[str, t.Any]] | None
    is_new: bool


@dataclass
class _Seen:
    """What a stream has reported so far.

    Attributes:
        run: the run as it was last seen; empty while it is unknown.
        reported: whether the stream has reported the run.
        messages: the messages that the run has written.
        tokens: how many pieces of messages have arrived.
        is_new: whether the request has made the run.
    """

    run: dict[str, t.Any]
    reported: bool = False
    messages: list[dict[str, t.Any]] = field(default_factory=list)
    tokens: int = 0
    is_new: bool = True

    @property
    def is_over(self) -> bool:
        """Whether the stream has reported how the run ended, or that it needs an action."""
        return self.reported and self.run["status"] not in RUNNING


def _checked(run: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a run. Raises: TaskError where a server calls something else a run."""
    for name in ("id", "thread_id", "status"):
        if not isinstance(run.get(name), str):
            raise TaskError(
                f"The server answered with a run that has no {name}. Is it a server of the Assistants wire? Check "
                "the option runtime_url."
            )
    return run


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
        self,
        path: tuple[str, ...],
        body: dict[str, t.Any],
        once: str | None = None,
        run: dict[str, t.Any] | None = None,
    ) -> StartedRun:
        """Send a request that makes or continues a run, and follow its stream until the run ends or needs an action.

        Args:
            path, body, once: the request.
            run: the run, where it existed before the request.

        A stream that breaks off is no reason to run again: the run is asked for until it ends.
        """
        seen = _Seen(run or {})
        for attempt in range(_TRIES):
            try:
                self._read(self.wire.stream(*path, body=body, once=once, quiet=self.left), seen)
                break
            except Unanswered:
                self._look_at_the_clock(seen.run, seen.tokens)
                if seen.run:
                    break
                # It is not known which run was made. The same request with the same key makes no other one.
                if once is None or attempt == _TRIES - 1:
                    raise
        # The first request may have made the run, and its answer has not arrived.
        is_new = seen.is_new or attempt > 0
        if seen.is_over:
            return StartedRun(seen.run, seen.messages, is_new)
        # Where the stream broke off messages may be missing: none of them is better than some.
        return StartedRun(self.poll(seen.run if seen.reported else self._ask(seen.run).body), None, is_new)

    def _read(self, events: EventStream, seen: _Seen) -> None:
        seen.is_new = events.is_new
        if not events.is_stream:
            seen.run, seen.reported = _checked(events.run()), True
            return
        for event in events:
            if event.data.get("object") == "thread.run" and event.name.startswith("thread.run."):
                seen.run, seen.reported = _checked(event.data), True
            elif event.name == "thread.message.completed":
                seen.messages.append(event.data)
            elif event.name == "thread.message.delta":
                seen.tokens += 1
            elif event.name == "thread.run.step.completed":
                self._pass_on_warnings(seen.run, event.data)
            elif event.name == "error" and not seen.run:
                raise TaskError(f"The server reported an error: {event.data.get('message') or 'it gave no reason.'}")
            self._look_at_the_clock(seen.run, seen.tokens)
        if not seen.run:
            raise Unanswered("The stream ended before it reported a run.")

    def poll(self, run: dict[str, t.Any]) -> dict[str, t.Any]:
        """Ask for a run until it has ended or needs an action, and return it.

        Raises: RunNotEnded when the time is over; its data has the run as it was last seen.
        """
        pause = _FIRST_POLL
        while run["status"] in RUNNING:
            answer = self._ask(run)
            run = answer.body
            self._look_at_the_clock(run, 0)
            if run["status"] in RUNNING:
                time.sleep(min(answer.poll_after or pause, _LONGEST_POLL, self.left))
                pause = min(pause * 1.5, _LONGEST_POLL)
        return run

    def _ask(self, run: dict[str, t.Any]) -> Answer:
        try:
            answer = self.wire.ask("threads", run["thread_id"], "runs", run["id"], within=self.left)
        except Unanswered:
            self._look_at_the_clock(run, 0)
            raise
        return Answer(_checked(answer.body), answer.poll_after)

    def _pass_on_warnings(self, run: dict[str, t.Any], step: dict[str, t.Any]) -> None:
        """Warn of what the model server may have ignored: the runtime puts it with the step."""
        for name, text in (step.get("metadata") or {}).items():
            if name.startswith("warning_"):
                self.warn(f"Run {run['id']}: {text}")

    def _look_at_the_clock(self, run: dict[str, t.Any], tokens: int) -> None:
        now = time.monotonic()
        if now - self._start >= self.timeout and run.get("status", RunStatus.QUEUED) in RUNNING:
            state = f"Run {run['id']} is still {run['status']}" if run else "The server has not reported its run"
            goes_on = "It goes on" if run else "It goes on if the server has created it"
            raise RunNotEnded(
                f"{state} after {self.timeout:g} seconds (option wait_timeout). {goes_on}: run the task again to wait "
                "for it, or cancel it with state: cancelled.",
                run=run or None,
                run_id=run.get("id"),
                thread_id=run.get("thread_id"),
                status=run.get("status"),
            )
        if self.show and now - self._shown >= _PROGRESS_EVERY and run:
            self._shown = now
            seen = f", {tokens} tokens" if tokens else ""
            self.show(f"{run['id']}: {run['status']}, {now - self._start:.0f} s{seen}")
