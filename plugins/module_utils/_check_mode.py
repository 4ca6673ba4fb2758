# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The client for check mode. It reads from the server, and stores predicted changes instead of sending them. So tasks
# use the same logic in both modes, and take into account what earlier tasks would have changed.

from __future__ import annotations

import itertools
import typing as t

from . import _predicted
from ._client import Created, Wire
from ._errors import NotFound
from ._identity import KNOWN_AFTER_APPLY, is_predicted, predicted_id
from ._status import RunStatus
from ._wire_reading import Answer

if t.TYPE_CHECKING:
    from ._events import EventStream
    from ._types import Json
    from ._upload import Content

# The predicted objects by their paths, in the order of their prediction, or None for deleted objects. Plain data, so
# that it can be stored between tasks.
Predictions = dict[str, "Json | None"]

# The list of the runs of all threads, an addition of the runtime.
_ALL_RUNS = ("runs",)
_KINDS = {
    "assistants": "assistant",
    "threads": "thread",
    "messages": "message",
    "runs": "run",
    "files": "file",
    "vector_stores": "vector store",
}


class CheckModeWire(Wire):
    """Answers like the server, without changing anything.

    A predicted run is queued when it is created, and completed when it is read later.

    Args:
        wire: The client of the server.
        predictions: The predictions of earlier tasks. The predictions of this task are added.
        warn: Displays a warning.
    """

    def __init__(self, wire: Wire, predictions: Predictions, warn: t.Callable[[str], None]) -> None:
        super().__init__(wire.transport, wire.timeout, wire.headers, wire.run_headers)
        self._predictions = predictions
        self._warn = warn

    def ask(self, *path: str, query: Json | None = None, within: float = float("inf")) -> Answer:
        """Return the predicted object at a path."""
        path = self._run_path(path[1]) if path[0] == "runs" else path
        predicted = self._predicted(path)
        answer = Answer(predicted, None) if predicted else super().ask(*path, query=query, within=within)
        if path[0] == "file_digests":
            kept = [file for file in answer.body["files"] if self._predictions.get(f"files/{file['id']}", file)]
            return Answer({**answer.body, "files": kept}, None)
        return answer

    def list(self, *path: str, query: Json | None = None) -> t.Iterator[Json]:
        """Yield the predicted objects of a list."""
        query = query or {}
        if path[0] == "vector_stores" and len(path) > 1:
            yield from self._members(path, query)
            return
        oldest_first = query.get("order") == "asc"
        parent = self._predicted(path[:-1]) if path[:-1] else None
        old, new = iter(()) if _is_new(parent) else self._old(path, query), self._new(path, query)
        for thing in itertools.chain(old, new) if oldest_first else itertools.chain(reversed(new), old):
            written = {"messages": [*thing["messages"], *self._written(thing)]} if "messages" in thing else {}
            yield {**thing, **written}

    def create(self, *path: str, body: Json, once: str | None) -> Created:
        """Predict what a request would create."""
        assistant = self.get("assistants", body["assistant_id"]) if path[-1] == "runs" else {}
        if path == ("threads", "runs"):
            thread = self.create("threads", body=body.get("thread", {}), once=None).thing
            path = ("threads", thread["id"], "runs")
        *parent, collection = path
        if parent:
            self.get(*parent)
        new_id = self._new_id(collection)
        thread_id = parent[1] if parent else new_id
        if collection == "assistants":
            thing = _predicted.assistant(new_id, body)
        elif collection == "threads":
            thing = _predicted.thread(new_id, body)
        elif collection == "messages":
            thing = _predicted.message(new_id, thread_id, body)
        elif collection == "vector_stores":
            thing = _predicted.vector_store(new_id, body)
        else:
            thing = _predicted.run(new_id, thread_id, assistant, body)
        self._keep((*path, new_id), thing)
        messages: t.Iterable[Json] = body.get("messages") or body.get("additional_messages") or ()
        for message in messages:
            self.create("threads", thread_id, "messages", body=message, once=None)
        if collection == "runs":
            self._complete(thing)
        return Created(thing, True)

    def post(self, *path: str, body: Json) -> Json:
        """Predict what a request would change, and return the predicted object."""
        if path[-1] == "cancel":
            return self._keep(path[:-1], _predicted.cancelled(self.get(*path[:-1])))
        if path[-1] == "submit_tool_outputs":
            run = self.get(*path[:-1])
            self._complete(run)
            return {**run, "status": RunStatus.QUEUED.value, "required_action": None}
        # The API accepts reasoning_effort but never returns it.
        return self._keep(path, {**self.get(*path), **{key: body[key] for key in body if key != "reasoning_effort"}})

    def upload(self, content: Content, once: str, shown: Json) -> Created:
        """Predict the file that an upload would create."""
        new_id = self._new_id("files")
        return Created(self._keep(("files", new_id), _predicted.file(new_id, shown)), True)

    def add_files(self, store_id: str, files: t.Sequence[Json]) -> None:
        """Predict that files would be added to a vector store and indexed."""
        for body in files:
            member = _predicted.vector_store_file(store_id, body)
            self._keep(("vector_stores", store_id, "files", member["id"]), member)

    def stream(self, *path: str, body: Json, once: str | None, quiet: float) -> EventStream:
        """Predict what a request that creates or continues a run would change, and return the run without events."""
        from ._events import RunWithoutEvents

        if path[-1] == "submit_tool_outputs":
            return RunWithoutEvents(self.post(*path, body=body))
        return RunWithoutEvents(self.create(*path, body=body, once=once).thing)

    def delete(self, *path: str) -> bool:
        """Predict the deletion of an object and everything in it."""
        try:
            self.get(*path)
        except NotFound:
            return False
        self._predictions["/".join(path)] = None
        return True

    def _run_path(self, run_id: str) -> tuple[str, ...]:
        """Return the path of a run of which only the id is known (an addition of the runtime)."""
        known = (name.split("/") for name in self._predictions)
        thread_id = next((name[1] for name in known if name[2:] == ["runs", run_id]), None)
        if thread_id is None and not is_predicted(run_id):
            thread_id = super().ask("runs", run_id).body["thread_id"]
        return ("threads", thread_id or KNOWN_AFTER_APPLY, "runs", run_id)

    def _predicted(self, path: tuple[str, ...]) -> Json | None:
        """Return the object as predicted by an earlier task, or None if there is no prediction.

        Raises:
            NotFound: An earlier task would have deleted it.
        """
        for part in (path[:2], path):
            name = "/".join(part)
            if name in self._predictions and self._predictions[name] is None:
                kind = _KINDS[part[-2]]
                raise NotFound(f"No {kind} found with id '{part[-1]}'.", kind)
        known = self._predictions.get("/".join(path))
        if known is None and is_predicted(path[-1]):
            known = self._empty(path)
        return known and {**known}

    def _empty(self, path: tuple[str, ...]) -> Json:
        """Return a placeholder for an object of which only the id is known."""
        kind, thing_id = _KINDS[path[-2]], path[-1]
        self._warn(
            f"The {kind} '{thing_id}' does not exist yet. It was predicted on another host or in another playbook, "
            "so this task does not know its content. Its result in check mode may be wrong."
        )
        if kind == "message":
            return self._keep(path, _predicted.message(thing_id, path[1], {}))
        if kind == "run":
            unknown = _predicted.assistant("", {})
            return self._keep(path, _predicted.completed(_predicted.run(thing_id, path[1], unknown, {})))
        makers = {"assistant": _predicted.assistant, "thread": _predicted.thread, "file": _predicted.file}
        return self._keep(path, makers.get(kind, _predicted.vector_store)(thing_id, {}))

    def _new(self, path: tuple[str, ...], query: Json) -> t.Sequence[Json]:
        """Return the predicted new objects of a list, oldest first."""
        things = [thing for thing in self._inside(path).values() if _is_new(thing)]
        if "run_id" in query:
            things = [thing for thing in things if thing["run_id"] == query["run_id"]]
        # An addition of the runtime: runs with their messages.
        return [{**run, "messages": []} for run in things] if "include[]" in query else things

    def _old(self, path: tuple[str, ...], query: Json) -> t.Iterator[Json]:
        """Yield the existing objects of a list as predicted."""
        mine = self._inside(path)
        if not all(map(_is_new, mine.values())):
            # Do not filter on the server, because a predicted name, status or metadata may differ.
            query = {
                name: value for name, value in query.items() if not name.startswith(("name", "status", "metadata["))
            }
        for thing in super().list(*path, query=query):
            parent = ("threads", thing["thread_id"]) if path == _ALL_RUNS else path[:-1]
            after = mine.get("/".join([*parent, path[-1], thing["id"]]), thing)
            if after and self._predictions.get("/".join(parent), after) is not None:
                yield {**thing, **after}

    def _members(self, path: tuple[str, ...], query: Json) -> t.Iterator[Json]:
        """Yield the predicted files of a vector store. Added files exist, so their ids do not tell new ones apart."""
        mine = self._inside(path)
        for member in () if _is_new(self._predicted(path[:-1])) else super().list(*path, query=query):
            after = mine.pop("/".join([*path, member["id"]]), member)
            if after:
                yield {**member, **after}
        yield from filter(None, mine.values())

    def _inside(self, path: tuple[str, ...]) -> Predictions:
        """Return the predictions for the objects of a list."""
        if path == _ALL_RUNS:
            return {name: thing for name, thing in self._predictions.items() if name.split("/")[-2:-1] == ["runs"]}
        prefix = "/".join([*path, ""])
        return {
            name: thing
            for name, thing in self._predictions.items()
            if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
        }

    def _new_id(self, collection: str) -> str:
        used = {
            thing_id for kind, thing_id in (name.split("/")[-2:] for name in self._predictions) if kind == collection
        }
        return next(new for new in map(predicted_id, itertools.count(1)) if new not in used)

    def _complete(self, run: Json) -> None:
        """Predict that a run has completed and has written its reply."""
        thread = ("threads", run["thread_id"])
        self._keep((*thread, "runs", run["id"]), _predicted.completed(run))
        new_id = self._new_id("messages")
        self._keep((*thread, "messages", new_id), _predicted.reply(new_id, run))

    def _written(self, run: Json) -> tuple[Json, ...]:
        messages = self._inside(("threads", run["thread_id"], "messages")).values()
        return tuple(message for message in messages if message and message["run_id"] == run["id"])

    def _keep(self, path: tuple[str, ...], thing: Json) -> Json:
        self._predictions["/".join(path)] = thing
        return {**thing}


def _is_new(thing: Json | None) -> t.TypeGuard[Json]:
    """Return whether an object is a predicted new object, not a predicted change."""
    return thing is not None and is_predicted(thing["id"])
