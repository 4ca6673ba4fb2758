# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# How assistants, threads, messages and runs are found. The lookups, the _info modules and openai_assistant share it.
# Everything here only reads (Assistants wire, sections 1 and 10).

from __future__ import annotations

import itertools
import typing as t

from ._errors import NotFound, NotSupported, TaskError, WireError
from ._identity import ASSISTANT, THREAD, is_predicted, key_metadata
from ._wire_reading import ReadingWire

if t.TYPE_CHECKING:
    from ._types import Json, Message, Run


class CannotListThreads(TaskError):
    """The server cannot list threads: that is an addition of the runtime to the wire."""


def limited(things: t.Iterable[Json], limit: int | None) -> list[Json]:
    """Return at most `limit` things; all of them where it is None. No page is read beyond those."""
    return list(itertools.islice(things, limit))


def assistants(wire: ReadingWire, name: str | None = None, pairs: dict[str, str] | None = None) -> t.Iterator[Json]:
    """Yield the assistants with a name and these metadata pairs, newest first."""
    found = wire.matching("assistants", pairs=pairs or {})
    return (each for each in found if not name or each["name"] == name)


def assistant(wire: ReadingWire, term: str) -> Json:
    """Return the assistant with this id or name.

    Raises: NotFound; TaskError where several have the name.
    """
    if term.startswith(ASSISTANT) or is_predicted(term):
        return wire.get("assistants", term)
    named = list(assistants(wire, term))
    if not named:
        raise NotFound(f"No assistant found with the name '{term}'.", "assistant")
    if len(named) > 1:
        ids = ", ".join(each["id"] for each in named)
        raise TaskError(f"{len(named)} assistants have the name '{term}': {ids}. Say which one by its id.")
    return named[0]


def assistant_id(wire: ReadingWire, term: str) -> str:
    """Return the id of the assistant that a term means, which is an id or a name. Raises: TaskError."""
    if term.startswith(ASSISTANT) or is_predicted(term):
        return term
    return _only(term, f"assistants have the name '{term}'", assistants(wire, term))


def thread_id(wire: ReadingWire, term: str) -> str:
    """Return the id of the thread that a term means, which is an id or a key. Raises: TaskError."""
    if term.startswith(THREAD) or is_predicted(term):
        return term
    try:
        return _only(term, f"threads have the key '{term}'", by_metadata(wire, key_metadata(term)))
    except CannotListThreads:
        return term


def resolve(wire: ReadingWire, params: Json) -> None:
    """Replace a name that a task gives as `assistant_id`, and a key that it gives as `thread_id`, by the id."""
    for name, meant in (("assistant_id", assistant_id), ("thread_id", thread_id)):
        if params.get(name):
            params[name] = meant(wire, params[name])


def _only(term: str, several: str, found: t.Iterable[Json]) -> str:
    """Return the id of the only thing that was found; the term itself where nothing was: it may be an id."""
    ids = [each["id"] for each in found]
    if len(ids) > 1:
        raise TaskError(f"{len(ids)} {several}: {', '.join(ids)}. Say which one by its id.")
    return ids[0] if ids else term


def threads(wire: ReadingWire, key: str | None = None, pairs: dict[str, str] | None = None) -> t.Iterator[Json]:
    """Yield the threads with a key and these metadata pairs, newest first.

    Raises: TaskError where the server cannot list threads.
    """
    return by_metadata(wire, {**(pairs or {}), **key_metadata(key)})


def thread(wire: ReadingWire, term: str) -> Json:
    """Return the thread with this id, or the newest one with this key. Raises: NotFound."""
    if term.startswith(THREAD) or is_predicted(term):
        return wire.get("threads", term)
    for found in threads(wire, term):
        return found
    raise NotFound(f"No thread found with the key '{term}'.", "thread")


def by_metadata(wire: ReadingWire, pairs: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
    """Yield the threads that carry these metadata pairs, newest first.

    Raises: CannotListThreads: the wire itself has no such operation.
    """
    try:
        yield from wire.matching("threads", pairs=pairs)
    except (NotFound, NotSupported) as error:
        raise CannotListThreads(
            "This server cannot list threads, so the thread cannot be found by what it is: say which one with "
            "thread_id. If it should be able to, check the option runtime_url: it usually ends in /v1."
        ) from error


def messages(
    wire: ReadingWire, thread_id: str, run_id: str | None = None, role: str | None = None, order: str = "asc"
) -> t.Iterator[Json]:
    """Yield the messages of a thread, each with its `text`.

    Args:
        wire: the client.
        thread_id: the thread.
        run_id: only messages that this run has written.
        role: only messages of this role.
        order: "asc" for the oldest first, "desc" for the newest first.
    """
    query = {"order": order, **({"run_id": run_id} if run_id else {})}
    found = wire.list("threads", thread_id, "messages", query=query)
    return ({**each, "text": text_of(each)} for each in found if role in (None, each["role"]))


def runs(
    wire: ReadingWire,
    thread_id: str,
    status: list[str] | None = None,
    assistant_id: str | None = None,
    pairs: dict[str, str] | None = None,
) -> t.Iterator[Json]:
    """Yield the runs of a thread, newest first.

    Args:
        wire: the client.
        thread_id: the thread.
        status: only runs with one of these statuses.
        assistant_id: only runs of this assistant.
        pairs: only runs with these metadata pairs.
    """
    return (
        each
        for each in wire.matching("threads", thread_id, "runs", pairs=pairs or {})
        if (not status or each["status"] in status) and assistant_id in (None, each["assistant_id"])
    )


def runs_with_messages(wire: ReadingWire, thread_id: str) -> tuple[list[Run], dict[str, list[Message]]]:
    """Return the runs of a thread, newest first, and the messages that each has written, by its id.

    The runtime adds the messages to the list. Of a server that does not know that, no messages are returned.
    """
    path = ("threads", thread_id, "runs")
    try:
        found = list(wire.list(*path, query={"include[]": "messages"}))
    except WireError as error:
        if error.status != 400:
            raise
        found = list(wire.list(*path))
    messages = {each["id"]: each.pop("messages") for each in found if isinstance(each.get("messages"), list)}
    return t.cast("list[Run]", found), messages


def run(wire: ReadingWire, thread_id: str, run_id: str) -> Run:
    """Return a run. Raises: NotFound."""
    return t.cast("Run", wire.get("threads", thread_id, "runs", run_id))


def newest_run(wire: ReadingWire, thread_id: str) -> Run:
    """Return the newest run of a thread. Raises: NotFound where it has none."""
    for newest in wire.list("threads", thread_id, "runs", query={"limit": 1}):
        return t.cast("Run", newest)
    raise NotFound(f"Thread '{thread_id}' has no run.", "run")


def run_path(term: str, thread_id: str | None, where: str) -> tuple[str, str]:
    """Return the ids of the thread and the run that a term names.

    Args:
        term: `run_id`, or `thread_id:run_id`.
        thread_id: the option of that name.
        where: what to call the term in a message.

    Raises: TaskError where the thread is not known.
    """
    thread, _colon, run_id = term.rpartition(":")
    if thread and thread_id and thread != thread_id:
        raise TaskError(
            f"{where} '{term}' names another thread than the option thread_id, which is '{thread_id}'. "
            "Give one of them."
        )
    thread = thread or thread_id or ""
    if not thread or not run_id:
        raise TaskError(
            f"{where} '{term}' does not say which thread: write it as thread_id:run_id, or set the option thread_id."
        )
    return thread, run_id


def text_of(message: t.Mapping[str, t.Any]) -> str:
    """Return the text of a message: its text and refusal parts, one after the other."""
    parts = (part.get("refusal") or (part.get("text") or {}).get("value") or "" for part in message["content"])
    return "\n".join(part for part in parts if part)
