# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Follows a run to its end: with its stream if the server streams, otherwise by polling.

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ._errors import RunNotEnded, TaskError, Unanswered
from ._status import RUNNING

if t.TYPE_CHECKING:
    from ._client import Wire
    from ._events import EventStream
    from ._task import Task
    from ._types import Json, Message, Run

_FIRST_POLL = 0.25
_LONGEST_POLL = 5.0
_PROGRESS_EVERY = 3.0
_TRIES = 3


@dataclass(frozen=True)
class RunRequest:
    """A request that creates a run, or continues one.

    Attributes:
        path: The parts of the path.
        body: The JSON body.
        idempotency_key: Repeated requests with this key create one run. None if the request creates none.
        run: The run that the request continues, or None if it creates one.
    """

    path: tuple[str, ...]
    body: Json
    idempotency_key: str | None = None
    run: Run | None = None


class StartedRun(t.NamedTuple):
    """A run that a request has created or continued.

    Attributes:
        run: The run in its last known state.
        messages: The messages that it has written, oldest first; None if they have not been read.
        is_new: Whether this task has created it; False if another task has created the same run at the same time.
    """

    run: Run
    messages: list[Message] | None
    is_new: bool


@dataclass
class _Seen:
    """What a stream has reported so far.

    Attributes:
        run: The run in its last known state, or None.
        reported: Whether the stream has reported the run.
        messages: The messages that the run has written.
        streamed: Whether the server streams; otherwise it has answered with the run alone.
        deltas: How many pieces of messages have arrived.
        waiting: Whether the run waits until the model server accepts its request.
        is_new: Whether the request has created the run.
    """

    run: Run | None
    reported: bool = False
    messages: list[Message] = field(default_factory=list)
    streamed: bool = True
    deltas: int = 0
    waiting: bool = False
    is_new: bool = True


def path_of(run: Run) -> tuple[str, ...]:
    """Return the path of a run."""
    return ("threads", run["thread_id"], "runs", run["id"])


def _checked(run: Json) -> Run:
    """Return a run.

    Raises:
        TaskError: The object of the server is not a run.
    """
    for name in ("id", "thread_id", "status"):
        if not isinstance(run.get(name), str):
            raise TaskError(
                f"The server returned a run without {name}. Check that the option runtime_url is the URL of a "
                "server of the Assistants API."
            )
    return t.cast("Run", run)


@dataclass
class Follower:
    """Follows runs until the timeout, and displays their progress.

    Attributes:
        wire: The client.
        timeout: The maximum time to wait from now on, in seconds.
        warn: Displays a warning.
        show: Displays a line of progress, or None.
    """

    wire: Wire
    timeout: float
    warn: t.Callable[[str], None]
    show: t.Callable[[str], None] | None = None
    _start: float = field(default_factory=time.monotonic)
    _shown: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """The remaining seconds. Always positive, because a request needs a timeout."""
        return max(self._start + self.timeout - time.monotonic(), 0.001)

    def stream(self, request: RunRequest) -> StartedRun:
        """Send a request that creates or continues a run, and follow the run until it ends or requires an action.

        If the stream is interrupted, the run is polled until it ends, and not started again.

        Args:
            request: The request.

        Raises:
            RunNotEnded: The timeout has expired.
            ThreadLocked: Another run is active on the thread.
            TaskError: The server refuses the request, or cannot be reached.
        """
        seen = _Seen(request.run)
        for attempt in range(_TRIES):
            try:
                events = self.wire.stream(
                    *request.path, body=request.body, once=request.idempotency_key, quiet=self.left
                )
                self._read(events, seen)
                break
            except Unanswered:
                self._check_time(seen.run, seen.deltas)
                if seen.run:
                    break
                # The created run is unknown. Repeat the request, which does not create another run with the same key.
                if request.idempotency_key is None or attempt == _TRIES - 1:
                    raise
        # The first request may have created the run, and its answer has not arrived.
        is_new = seen.is_new or attempt > 0
        run = t.cast("Run", seen.run)
        if seen.reported and run["status"] not in RUNNING:
            return StartedRun(run, seen.messages if seen.streamed else None, is_new)
        # If the stream was interrupted, messages may be missing. Read all of them again.
        return StartedRun(self.poll(run if seen.reported else self._ask(run)[0]), None, is_new)

    def _read(self, events: EventStream, seen: _Seen) -> None:
        """Process the events of a stream.

        Raises:
            Unanswered: The stream was interrupted, or did not report a run.
        """
        seen.is_new = events.is_new
        if not events.is_stream:
            seen.run, seen.reported, seen.streamed = _checked(events.run()), True, False
            return
        for event in events:
            if event.data.get("object") == "thread.run" and event.name.startswith("thread.run."):
                seen.run, seen.reported = _checked(event.data), True
            elif event.name == "thread.message.completed":
                seen.messages.append(t.cast("Message", event.data))
            elif event.name == "thread.message.delta":
                seen.deltas += 1
            elif event.name == "thread.run.progress":
                # The runtime counts the deltas, instead of sending each of them only to be counted here.
                seen.deltas = event.data.get("deltas", 0)
                seen.waiting = event.data.get("waiting") is True
            elif event.name == "thread.run.step.completed":
                self._pass_on_warnings(seen.run, event.data)
            elif event.name == "error" and not seen.run:
                raise TaskError(f"The server reported an error: {event.data.get('message') or 'no reason given.'}")
            self._check_time(seen.run, seen.deltas, seen.waiting)
        if not seen.run:
            raise Unanswered("The stream ended before it reported a run.")

    def poll(self, run: Run) -> Run:
        """Poll a run until it has ended or requires an action, and return it.

        Raises:
            RunNotEnded: The timeout has expired. The data contains the run in its last known state.
            Unanswered: The server cannot be reached.
        """
        pause = _FIRST_POLL
        while run["status"] in RUNNING:
            run, wish = self._ask(run)
            self._check_time(run)
            if run["status"] in RUNNING:
                time.sleep(min(wish or pause, _LONGEST_POLL, self.left))
                pause = min(pause * 1.5, _LONGEST_POLL)
        return run

    def _ask(self, run: Run) -> tuple[Run, float | None]:
        """Return the current run, and the polling interval of the server in seconds."""
        try:
            answer = self.wire.ask(*path_of(run), within=self.left)
        except Unanswered:
            self._check_time(run)
            raise
        return _checked(answer.body), answer.poll_after

    def _pass_on_warnings(self, run: Run | None, step: Json) -> None:
        """Display warnings about options that the model server may have ignored. The runtime adds them to the step."""
        for name, text in (step.get("metadata") or {}).items():
            if name.startswith("warning_"):
                self.warn(f"Run {run['id'] if run else '(unknown)'}: {text}")

    def _check_time(self, run: Run | None, deltas: int = 0, waiting: bool = False) -> None:
        """Display the progress of a run at intervals.

        Raises:
            RunNotEnded: The timeout has expired.
        """
        now = time.monotonic()
        if now - self._start >= self.timeout and (run is None or run["status"] in RUNNING):
            state = f"Run {run['id']} is still {run['status']}" if run else "The server has not reported its run"
            goes_on = "It waits for the rate limit of the model server, and continues" if waiting else "It continues"
            goes_on = goes_on if run else "It continues if the server has created it"
            raise RunNotEnded(
                f"{state} after {self.timeout:g} seconds (option wait_timeout). {goes_on}. Run the task again to "
                "wait for it, or cancel it with state: cancelled.",
                run=run,
                run_id=run and run["id"],
                thread_id=run and run["thread_id"],
                status=run and run["status"],
            )
        if self.show and now - self._shown >= _PROGRESS_EVERY and run:
            self._shown = now
            more = f", {deltas} tokens" if deltas else ""
            more += ", waiting for the rate limit of the model server" if waiting else ""
            self.show(f"{run['id']}: {run['status']}, {now - self._start:.0f} s{more}")


def follower_of(task: Task) -> Follower:
    """Return a follower for the task's runs. Its timeout starts now."""
    show = task.show if task.params.get("progress", True) else None
    return Follower(task.wire, task.params["wait_timeout"], task.warn, show)


def follow(task: Task, run: Run, follower: Follower | None = None) -> Run:
    """Follow an existing run to its end if the task waits. Check mode does not wait for an active run.

    Raises:
        RunNotEnded: The run has not ended in time.
    """
    if task.check_mode or not task.params["wait"]:
        return run
    return (follower or follower_of(task)).poll(run)
