# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's raw Responses events, read as what happens on the Assistants wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from .capabilities import check_answer, incomplete_reason
from .errors import ModelError, from_body
from .events import Event, Finished, Json
from .items import PIECES, Call, Message
from .parts import CALL_INPUTS

_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


async def read_answer(events: AsyncGenerator[Json, None], request: Json) -> AsyncGenerator[Event, None]:
    """Read one answer to its end.

    :param events: the raw events, from :meth:`~.server.ModelServer.respond`, many or one.
    :param request: the request that they answer.
    :raises ModelError: the answer failed or broke off, or the server silently ignored what the request asked for.
    """
    reader = _Reader(request)
    try:
        async with aclosing(events):
            async for raw in events:
                for event in reader.read(raw):
                    yield event
                if raw.get("type") in _ENDS:
                    for event in reader.end(raw["response"]):
                        yield event
                    return
    except (AttributeError, KeyError, TypeError) as error:
        raise ModelError("server_error", f"The model server's answer is not understood: {error!r}") from error
    raise ModelError("server_error", "The model server's answer broke off before its end.")


class _Reader:
    """Follows the output items of one response."""

    def __init__(self, request: Json) -> None:
        self._request = request
        self._open: list[Message | Call] = []
        self._done: list[Json] = []
        self._calls = 0

    def read(self, event: Json) -> Iterator[Event]:
        """One raw event; most say nothing new on the wire and yield nothing."""
        kind = event.get("type")
        if kind == "error":
            # OpenAI's event is the error itself, others wrap it.
            raise from_body(event.get("error") or {name: event.get(name) for name in ("message", "code")})
        if kind == "response.output_item.added":
            yield from self._start(event["item"])
        elif kind == "response.output_item.done":
            yield from self._finish(event["item"])
        # A piece of an item that was never announced waits until the whole item comes.
        elif kind in PIECES and (item := self._find(PIECES[kind], {event.get("item_id")})):
            yield from item.read(event)

    def end(self, response: Json) -> Iterator[Event]:
        """The response ends, and with it what is still open; then the answer is judged."""
        status = response.get("status", "completed")
        if status not in ("completed", "incomplete"):
            raise from_body(response.get("error") or f"the response ended with status {status}")
        output = response.get("output") or self._done
        for item in output[len(self._done) :]:
            yield from self._finish(item)
        for left in list(self._open):
            yield from left.finish({})
        reason = incomplete_reason(response, self._request)
        warnings = check_answer(response, output, self._request) if reason is None else []
        usage = response.get("usage") or {}
        if not usage:
            warnings.append("The model server does not tell how many tokens it used.")
        yield Finished(reason, _wire_usage(usage), output, warnings)

    def _start(self, announced: Json) -> Iterator[Event]:
        if announced["type"] == "message":
            item: Message | Call = Message(announced)
        elif announced["type"] in CALL_INPUTS:
            item = Call(announced, self._calls, self._request)
            self._calls += 1
        else:
            return
        self._open.append(item)
        yield from item.start()

    def _finish(self, whole: Json) -> Iterator[Event]:
        keys = {whole.get("id"), whole.get("call_id")}
        if self._find(whole["type"], keys) is None:
            yield from self._start(whole)
        if item := self._find(whole["type"], keys):
            self._open.remove(item)
            yield from item.finish(whole)
        self._done.append(whole)

    def _find(self, kind: str, keys: set[str | None]) -> Message | Call | None:
        """The open item of this kind: the one with one of these ids, else (ids are often missing) the latest."""
        candidates = [item for item in reversed(self._open) if item.kind == kind]
        named = (item for item in candidates if item.keys & (keys - {None}))
        return next(named, candidates[0] if candidates else None)


def _wire_usage(usage: Json) -> dict[str, int]:
    prompt, completion = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
    total = usage.get("total_tokens") or prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
