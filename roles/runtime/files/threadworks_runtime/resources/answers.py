# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses with a run: as an object, or as a stream of its events (Assistants wire, section 11)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import NamedTuple, cast

from falcon.asgi import Request, Response
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ..bodies import client_left
from ..documents import shown_step
from ..errors import Refused, Stopping
from ..lifecycle import DETAILS, WireEvent, run_event
from ..objects import Document, RunObject, StepObject
from ..records import RunRecord
from ..runner.slot import Slot
from ..runner.subscription import StreamEvent, Subscription
from ..settings import ModelOptions
from ..sse import SIGN_OF_LIFE, encode_event
from ..status import RESTING_STATUSES, RunStatus
from ..store import rows
from ..store.tables import RUNS
from ..usage.details import shown_details
from ..wire import FILE_CONTENT, WITH_DETAILS
from ..wire_errors import to_api_error
from .active import look
from .context import Context, mark_replayed

_DELTAS = "Runtime-Deltas"  # the header of clients that want no deltas


def answer_run(resp: Response, run: RunObject, details: Document | None = None) -> None:
    """Respond with a run, and set the polling interval (the SDKs use the header, section 12).

    Args:
        resp: The response.
        run: The object.
        details: The details of the run, if the request includes them.
    """
    resp.media = run if details is None else {**run, DETAILS: details}
    if run["status"] not in RESTING_STATUSES:
        # Most answers take seconds. A run that takes longer will probably continue for some time, unless it is
        # cancelled.
        age = 0 if run["status"] == RunStatus.CANCELLING else time.time() - run["created_at"]
        resp.set_header("openai-poll-after-ms", str(250 if age < 10 else 1000 if age < 60 else 2000))


def answer_record(resp: Response, run: RunRecord, include: frozenset[str]) -> None:
    """Respond with a run, and set the polling interval.

    Args:
        resp: The response.
        run: The run.
        include: The optional data that the request includes.
    """
    answer_run(resp, run.document, shown_details(run) if WITH_DETAILS in include else None)


class Queued(NamedTuple):
    """A run that a request has queued.

    Attributes:
        run: The run object, queued. If an earlier request has queued the run, its current state.
        opening: The events of this request, or ``None`` if an earlier request has started the run.
        claimed: The run, in progress, if the pool had a free place.
    """

    run: RunObject
    opening: list[WireEvent] | None
    claimed: RunRecord | None


def queued(connection: Connection, slot: Slot, run: RunObject, opening: list[WireEvent] | None) -> Queued:
    """Take a run up as part of the transaction that has queued it, if there is room.

    Args:
        connection: A writing transaction.
        slot: The room.
        run: The object.
        opening: The events of this request, or ``None`` if an earlier request has started the run.

    Returns:
        The run and what is to be done with it.
    """
    return Queued(run, opening, None if opening is None else slot.claim(connection, run))


async def start_run(
    context: Context,
    req: Request,
    resp: Response,
    write: Callable[[Connection, Slot], Queued],
    *,
    run_id: str | None = None,
    options: ModelOptions | None,
    stream: bool | None,
    include: frozenset[str] = frozenset(),
) -> None:
    """Queue and start a run, and answer with it or with its events.

    Args:
        context: The parts of the application.
        req: The request, whose body has been read.
        resp: The response.
        write: Queues the run in a writing transaction.
        run_id: The run; ``None``: a new one.
        options: The model server of the run, or None for the one in the settings.
        stream: Whether to stream the events.
        include: The optional data of the run and its steps that the request includes.
    """
    events = Subscription(has_deltas=req.get_header(_DELTAS) != "false")
    with context.executor.slot(run_id, streamed=bool(stream)) as slot:
        run, opening, claimed = await context.store.write(lambda connection: write(connection, slot), is_brief=True)
        given = events if stream else None
        trace = req.get_header("traceparent")
        if opening is None or not context.executor.start(
            run["id"], options, events=given, claimed=claimed, trace_parent=trace
        ):
            events.close()
    mark_replayed(resp, fresh=opening is not None)
    if not stream:
        if WITH_DETAILS in include:
            answer_record(resp, await context.store.get(lambda store: rows.find(store, RUNS, run["id"])), include)
        else:
            answer_run(resp, run)
        return
    send_events(req, resp, _frames(context, run, opening or [], events, include))


def send_events(req: Request, resp: Response, frames: AsyncGenerator[bytes, None]) -> None:
    """Answer with a stream of events, until the client disconnects.

    Args:
        req: The request.
        resp: The response.
        frames: The encoded events, with a comment at least every few seconds.
    """
    resp.content_type = "text/event-stream"
    resp.set_headers({"cache-control": "no-cache", "x-accel-buffering": "no"})
    resp.stream = _until_left(req, frames)


async def _until_left(req: Request, frames: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """Yield frames until the client disconnects. Comments are sent often enough to detect this."""
    left = asyncio.create_task(client_left(req), name="client")
    try:
        async with contextlib.aclosing(frames):
            async for several in frames:
                if left.done():
                    return
                yield several
    finally:
        left.cancel()


async def _frames(
    context: Context, run: RunObject, opening: list[WireEvent], events: Subscription, include: frozenset[str]
) -> AsyncGenerator[bytes, None]:
    statuses: dict[str, str] = {}
    try:
        yield _encoded(opening, statuses, include)
        async with contextlib.aclosing(aiter(events)) as batches:
            async for batch in batches:
                yield _encoded(batch, statuses, include)
                if statuses.get(run["id"]) in RESTING_STATUSES:
                    # The runner may not have finished yet.
                    break
        if statuses.get(run["id"]) not in RESTING_STATUSES:
            # The runner is in another process, or has died. Read the rest from the store.
            async for several in _follow(context, run, statuses, has_deltas=events.has_deltas):
                yield _encoded(several, statuses, include)
    except (Refused, SQLAlchemyError) as error:  # the thread was deleted, or the server is stopping
        # The API's event is the error itself. The official SDKs only raise an error that is in a key `error`.
        raised = to_api_error(error)
        yield encode_event("error", {**raised.error, **raised.body})
    yield encode_event("done", "[DONE]")


def _encoded(events: Sequence[StreamEvent], statuses: dict[str, str], include: frozenset[str]) -> bytes:
    """Return events as one piece of the stream. An empty list results in a comment."""
    if not events:
        return SIGN_OF_LIFE
    encoded = []
    for event in events:
        if isinstance(event, bytes):
            encoded.append(event)
            continue
        name, data = event
        if "status" in data:
            statuses[data["id"]] = data["status"]
        if "step_details" in data:
            data = shown_step(cast(StepObject, data), include=FILE_CONTENT in include)
        elif DETAILS in data and WITH_DETAILS not in include:
            data = {key: value for key, value in data.items() if key != DETAILS}
        encoded.append(encode_event(name, data))
    return b"".join(encoded)


async def _follow(
    context: Context, run: RunObject, statuses: dict[str, str], *, has_deltas: bool
) -> AsyncIterator[list[StreamEvent]]:
    pause = 0.05
    with context.executor.feed(run["id"]) as feed:
        while True:
            if context.executor.stopped:
                raise Stopping
            now, parts = await look(context, run["id"])
            changes: list[StreamEvent] = [
                event for event in parts if statuses.get(event[1]["id"]) != event[1]["status"]
            ]
            if statuses.get(now.id) != now.status:
                # The events of messages and steps come after the start and before the end of the run.
                changes.insert(len(changes) if now.status in RESTING_STATUSES else 0, run_event(now))
            yield changes
            if now.status in RESTING_STATUSES:
                return
            pause = 0.05 if changes else min(pause * 1.5, 1.0)
            async for events in feed.until_look(pause):
                fresh = feed.fresh(events, statuses)
                yield fresh if has_deltas else [event for event in fresh if not isinstance(event, bytes)]
                if statuses.get(now.id) in RESTING_STATUSES:
                    return
