# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's raw Responses events, read as what happens on the Assistants wire."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from .arguments import find_problems
from .capabilities import check_answer, incomplete_reason
from .errors import ModelError, from_body, not_understood
from .events import CallFinished, Event, Finished, Json
from .formats import check_format
from .items import PIECES, Call, Message, without_secrets
from .parts import CALL_INPUTS, Malformed
from .secrets import Secrets
from .usage import read_usage

_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.whole")
_NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
#: Messages and calls that one answer may have, and characters of its texts. No model writes as much on purpose, and
#: what is stored must be small enough to be read.
MOST_ITEMS = 4096
MOST_CHARACTERS = 2 * 1024 * 1024


async def read_answer(
    events: AsyncGenerator[Json, None], request: Json, secrets: Secrets | None = None
) -> AsyncGenerator[Event, None]:
    """Read one answer to its end.

    Args:
        events: The raw events, from `respond`, many or one.
        request: The request that they answer.
        secrets: What is not told, even where the pieces of a text have it in parts.

    Raises:
        ModelError: The answer failed or broke off, or the server silently ignored what the request asked for.
    """
    reader = _Reader(request, secrets or Secrets())
    calls: list[Json] = []
    kind: object = None
    try:
        async with aclosing(events):
            async for raw in events:
                kind = raw.get("type")
                ends = kind in _ENDS
                for event in reader.end(raw["response"]) if ends else reader.read(raw):
                    if isinstance(event, CallFinished):
                        calls.append(event.call)
                    yield event
                if ends:
                    yield await _judged(raw["response"], reader.output(raw["response"]), calls, request)
                    return
    except KeyError as error:
        raise not_understood(f"{error} is missing in an event {kind}") from error
    except Malformed as error:
        raise not_understood(f"{error} in an event {kind}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise not_understood(f"an event {kind} has not the form that it has in the Responses API") from error
    raise ModelError("server_error", "The model server's answer broke off before its end.")


async def _judged(response: Json, output: list[Json], calls: list[Json], request: Json) -> Finished:
    """The end of an answer, with what is wrong with it."""
    usage = read_usage(response)
    reason = incomplete_reason(response, usage, request)
    warnings: list[str] = []
    problems: dict[str, str | None] = {}
    if reason is None:
        try:
            warnings = check_answer(response, output, request)
            await check_format(output, request)
            problems = await find_problems(calls, request)
        except ModelError as error:
            error.usage = usage  # what it has cost all the same
            raise
    if not usage:
        warnings.append("The model server does not tell how many tokens it used.")
    return Finished(reason, usage or dict(_NO_USAGE), output, warnings, problems)


class _Open:
    """An item that is being written, or that waits to be told: the wire tells one item after the other."""

    def __init__(self, item: Message | Call, keys: list[str]) -> None:
        self.item = item
        self.keys = keys
        self.waiting: list[Event] = []
        self.finished = False


class _Reader:
    """Follows the output items of one response."""

    def __init__(self, request: Json, secrets: Secrets) -> None:
        self._request = request
        self._secrets = secrets
        self._open: deque[_Open] = deque()
        self._by_key: dict[str, _Open] = {}
        self._announced: set[str] = set()
        self._done: list[Json] = []
        self._done_keys: set[str] = set()
        self._done_names: dict[str, Json] = {}
        self._items = self._calls = self._pieces = self._wholes = 0
        self._previous: Json = {}

    def read(self, event: Json) -> Iterator[Event]:
        """One raw event; most say nothing new on the wire and yield nothing."""
        kind = event.get("type")
        if self._is_repeated(event):
            return
        if kind == "error":
            # OpenAI's event is the error itself, others wrap it.
            raise from_body(event.get("error") or {name: event.get(name) for name in ("message", "code")})
        if kind == "response.output_item.added":
            name = _name_of(event["item"])
            if name is None or name not in self._announced:
                yield from self._start(event["item"])
        elif kind == "response.output_item.done":
            yield from self._finish(without_secrets(event["item"], self._secrets))
        elif isinstance(kind, str) and kind in PIECES:
            self._count(pieces=event.get("delta") or "")
            # A piece of an item that was never announced waits until the whole item comes.
            if found := self._find(PIECES[kind], _keys({"type": PIECES[kind], "id": event.get("item_id")})):
                yield from self._tell(found, found.item.read(event))

    def end(self, response: Json) -> Iterator[Event]:
        """The response ends, and with it what is still open."""
        status = response.get("status", "completed")
        if status not in ("completed", "incomplete") or response.get("error"):
            error = from_body(response.get("error") or f"the response ended with status {status}")
            error.usage = read_usage(response)
            raise error
        for item in self.output(response)[len(self._done) :]:
            yield from self._finish(item)
        for left in list(self._open):
            if not left.finished:
                left.finished = True
                yield from self._tell(left, left.item.finish({}))
        yield from self._go_on()

    def output(self, response: Json) -> list[Json]:
        """The response's output items, each of them once."""
        whole = response.get("output")
        if not whole:
            return list(self._done)
        output: list[Json] = []
        seen: dict[str | None, Json] = {}
        for item in (without_secrets(each, self._secrets) for each in whole):
            name = _name_of(item)
            if name is None or seen.get(name) != item:
                output.append(item)
            seen[name] = item
        return output

    def _is_repeated(self, event: Json) -> bool:
        """Whether a server, or what is between it and us, sends an event twice; only where it numbers them."""
        number, before = event.get("sequence_number"), self._previous
        self._previous = event
        return isinstance(number, int) and number > 0 and event == before

    def _start(self, announced: Json) -> Iterator[Event]:
        if announced["type"] == "message":
            item: Message | Call = Message(announced, self._secrets)
        elif announced["type"] in CALL_INPUTS:
            item = Call(announced, self._secrets, self._calls, self._request)
            self._calls += 1
        else:
            return
        self._items += 1
        if self._items > MOST_ITEMS:
            raise ModelError("server_error", f"The model's answer has more than {MOST_ITEMS} messages and tool calls.")
        begun = _Open(item, _keys(announced))
        self._open.append(begun)
        self._by_key |= dict.fromkeys(begun.keys, begun)
        if name := _name_of(announced):
            self._announced.add(name)
        yield from self._tell(begun, item.start())

    def _finish(self, whole: Json) -> Iterator[Event]:
        keys, name = _keys(whole), _name_of(whole)
        if name is not None and self._done_names.get(name) == whole:
            return
        self._count(whole=json.dumps(whole, ensure_ascii=False))
        if self._find(whole["type"], keys) is None:
            yield from self._start(whole)
        if found := self._find(whole["type"], keys):
            found.finished = True
            keys += found.keys
            yield from self._tell(found, found.item.finish(whole))
        self._done.append(whole)
        self._done_keys.update(keys)
        if name is not None:
            self._done_names[name] = whole
        yield from self._go_on()

    def _tell(self, about: _Open, events: Iterator[Event]) -> Iterator[Event]:
        if about is self._open[0]:
            yield from events
        else:
            about.waiting.extend(events)

    def _go_on(self) -> Iterator[Event]:
        """Tell the next item, when the one before it is finished."""
        while self._open and self._open[0].finished:
            told = self._open.popleft()
            for key in told.keys:
                if self._by_key.get(key) is told:
                    del self._by_key[key]
            if self._open:
                yield from self._open[0].waiting

    def _find(self, kind: str, keys: list[str]) -> _Open | None:
        """The open item of this kind: the one with one of these ids, else (ids are often missing) the latest."""
        for key in keys:
            found = self._by_key.get(key)
            if found is not None and not found.finished:
                return found
        if not self._done_keys.isdisjoint(keys):
            return None
        latest = (left for left in reversed(self._open) if left.item.kind == kind and not left.finished)
        return next(latest, None)

    def _count(self, pieces: str = "", whole: str = "") -> None:
        # Counted apart: what is streamed comes once more as a whole.
        self._pieces += len(pieces)
        self._wholes += len(whole)
        if max(self._pieces, self._wholes) > MOST_CHARACTERS:
            message = f"The model's answer is too long: more than {MOST_CHARACTERS} characters."
            raise ModelError("server_error", message)


def _keys(item: Json) -> list[str]:
    """The ids of an item, the surest first: some servers have one id for all items, but each call has one besides."""
    ids = [item.get("call_id"), item.get("id")]
    return [f"{item['type']} {id}" for id in ids if isinstance(id, str) and id]


def _name_of(item: Json) -> str | None:
    return next(iter(_keys(item)), None)
