# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows the output items of one response.

The Assistants API reports one item after the other. A server may write several at the same time, announce an item late
or not at all, or send events twice.
"""

from __future__ import annotations

import json
from collections import deque

from .errors import ModelError, from_body
from .events import AnswerEvent
from .items import Call, Message, without_secrets
from .limits import MOST_CHARACTERS, MOST_ITEMS
from .parts import CALL_INPUTS
from .raw_events import DELTAS
from .secrets import Secrets
from .types import Json
from .usage import read_reported, read_usage


class _OpenItem:
    """An item that is being written or waits to be reported."""

    def __init__(self, item: Message | Call, keys: list[str]) -> None:
        self.item = item
        self.keys = keys
        self.waiting: list[AnswerEvent] = []
        self.finished = False


class OutputReader:
    """Reads the raw events of a response.

    Args:
        tools: The request's tools.
        secrets: The secrets to hide in each text.
    """

    def __init__(self, tools: list[Json], secrets: Secrets) -> None:
        self._tools = tools
        self._secrets = secrets
        self._events: list[AnswerEvent] = []
        self._open: deque[_OpenItem] = deque()
        self._by_key: dict[str, _OpenItem] = {}
        self._announced: set[str] = set()
        self._done: list[Json] = []
        self._done_keys: set[str] = set()
        self._done_names: dict[str, Json] = {}
        self._items = self._calls = self._pieces = self._wholes = 0
        self._previous: Json = {}

    def take(self) -> list[AnswerEvent]:
        """Return the new events."""
        events, self._events = self._events, []
        return events

    def read(self, event: Json) -> None:
        """Read a raw event. Most raw events have no equivalent in the Assistants API."""
        kind = event.get("type")
        if self._is_repeated(event) or not isinstance(kind, str):
            return
        if kind in DELTAS:
            self._read_delta(kind, event)
        elif kind == "response.output_text.annotation.added":
            found = self._find("message", _keys({"type": "message", "id": event.get("item_id")}))
            if found is not None and isinstance(found.item, Message):
                self._report(found, found.item.cite(event["annotation"]))
        elif kind == "response.output_item.added":
            name = _name_of(event["item"])
            if name is None or name not in self._announced:
                self._start(event["item"])
        elif kind == "response.output_item.done":
            self._finish(without_secrets(event["item"], self._secrets))
        elif kind == "error":
            raise from_body({name: event.get(name) for name in ("message", "code")})

    def end(self, response: Json) -> None:
        """End the response and its open items."""
        status = response.get("status", "completed")
        if status not in {"completed", "incomplete"} or response.get("error"):
            error = from_body(response.get("error") or f"the response ended with status {status}")
            error.usage, error.served = read_usage(response), read_reported(response)
            raise error
        for item in self.output(response)[len(self._done) :]:
            self._finish(item)
        for left in list(self._open):
            if not left.finished:
                left.finished = True
                self._report(left, left.item.finish({}))
        self._go_on()

    def output(self, response: Json) -> list[Json]:
        """Return the output items of the response, without duplicates."""
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
        """Return whether an event is a duplicate. This requires that the server numbers events."""
        number, before = event.get("sequence_number"), self._previous
        self._previous = event
        if not isinstance(number, int) or number != before.get("sequence_number"):
            return False
        return number > 0 and event == before

    def _read_delta(self, kind: str, event: Json) -> None:
        item_kind, item_id, piece = DELTAS[kind], event.get("item_id"), event.get("delta")
        self._pieces += len(piece) if isinstance(piece, str) else 0
        if self._pieces > MOST_CHARACTERS:
            raise _too_long()
        # A piece of an unannounced item is kept until the complete item arrives.
        found = self._find(item_kind, [f"{item_kind} {item_id}"] if isinstance(item_id, str) and item_id else [])
        if found is not None:
            self._report(found, found.item.delta(kind, event["delta"]))

    def _start(self, announced: Json) -> None:
        if announced["type"] == "message":
            item: Message | Call = Message(self._secrets)
        elif announced["type"] in CALL_INPUTS:
            item = Call(announced, self._secrets, self._calls, self._tools)
            self._calls += 1
        else:
            return
        self._items += 1
        if self._items > MOST_ITEMS:
            raise ModelError("server_error", f"The model's answer has more than {MOST_ITEMS} messages and tool calls.")
        begun = _OpenItem(item, _keys(announced))
        self._open.append(begun)
        self._by_key |= dict.fromkeys(begun.keys, begun)
        if name := _name_of(announced):
            self._announced.add(name)
        self._report(begun, item.start())

    def _finish(self, whole: Json) -> None:
        keys, name = _keys(whole), _name_of(whole)
        if name is not None and self._done_names.get(name) == whole:
            return
        # Counted separately from the pieces, because streamed text is repeated in the complete item.
        self._wholes += len(json.dumps(whole, ensure_ascii=False))
        if self._wholes > MOST_CHARACTERS:
            raise _too_long()
        if self._find(whole["type"], keys) is None:
            self._start(whole)
        if found := self._find(whole["type"], keys):
            found.finished = True
            keys += found.keys
            self._report(found, found.item.finish(whole))
        self._done.append(whole)
        self._done_keys.update(keys)
        if name is not None:
            self._done_names[name] = whole
        self._go_on()

    def _report(self, about: _OpenItem, events: list[AnswerEvent]) -> None:
        if about is self._open[0]:
            self._events += events
        else:
            about.waiting += events

    def _go_on(self) -> None:
        """Report the next item when the previous one is finished."""
        while self._open and self._open[0].finished:
            reported = self._open.popleft()
            for key in reported.keys:
                if self._by_key.get(key) is reported:
                    del self._by_key[key]
            if self._open:
                self._events += self._open[0].waiting

    def _find(self, kind: str, keys: list[str]) -> _OpenItem | None:
        """Find the open item of a kind by one of its ids, or the latest one, because ids are often missing."""
        for key in keys:
            found = self._by_key.get(key)
            if found is not None and not found.finished:
                return found
        if not self._done_keys.isdisjoint(keys):
            return None
        latest = (left for left in reversed(self._open) if left.item.kind == kind and not left.finished)
        return next(latest, None)


def _keys(item: Json) -> list[str]:
    """Return the ids of an item, the most reliable first.

    Some servers use the same id for all items, but each call also has its own id.
    """
    ids = [item.get("call_id"), item.get("id")]
    return [f"{item['type']} {id}" for id in ids if isinstance(id, str) and id]


def _name_of(item: Json) -> str | None:
    return next(iter(_keys(item)), None)


def _too_long() -> ModelError:
    return ModelError("server_error", f"The model's answer is too long: more than {MOST_CHARACTERS} characters.")
