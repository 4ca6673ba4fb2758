# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find runs. This module only reads (Assistants wire, sections 7 and 10).

from __future__ import annotations

import typing as t

from ._errors import NotFound, TaskError

if t.TYPE_CHECKING:
    from ._types import Json, Message, Run
    from ._wire_reading import ReadingWire


def run(wire: ReadingWire, thread_id: str, run_id: str) -> Run:
    """Return a run.

    Raises:
        NotFound: The thread has no such run.
    """
    return t.cast("Run", wire.get("threads", thread_id, "runs", run_id))


def newest_run(wire: ReadingWire, thread_id: str) -> Run:
    """Return the newest run of a thread.

    Raises:
        NotFound: The thread has no run.
    """
    for newest in wire.list("threads", thread_id, "runs", query={"limit": 1}):
        return t.cast("Run", newest)
    raise NotFound(f"Thread '{thread_id}' has no run.", "run")


def runs(
    wire: ReadingWire,
    thread_id: str,
    status: list[str] | None = None,
    assistant_id: str | None = None,
    pairs: dict[str, str] | None = None,
) -> t.Iterator[Json]:
    """Yield the runs of a thread, newest first.

    Args:
        wire: The client.
        thread_id: The thread.
        status: Only runs with one of these statuses.
        assistant_id: Only runs of this assistant.
        pairs: Only runs with these metadata pairs.
    """
    return (
        each
        for each in wire.matching("threads", thread_id, "runs", pairs=pairs or {})
        if (not status or each["status"] in status) and assistant_id in (None, each["assistant_id"])
    )


def runs_with_messages(wire: ReadingWire, thread_id: str) -> tuple[list[Run], dict[str, list[Message]]]:
    """Return the runs of a thread, newest first, and the messages that each has written, by its id.

    The runtime adds the messages to the list. For other servers, no messages are returned.
    """
    from ._read_additions import list_with

    found = list_with(wire, "threads", thread_id, "runs", addition={"include[]": "messages"})
    messages = {each["id"]: each.pop("messages") for each in found if isinstance(each.get("messages"), list)}
    return t.cast("list[Run]", found), messages


def run_path(term: str, thread_id: str | None, where: str) -> tuple[str, str]:
    """Return the ids of the thread and the run in a term.

    Args:
        term: `run_id`, or `thread_id:run_id`.
        thread_id: The option of that name.
        where: The name of the term in messages.

    Raises:
        TaskError: The thread is unknown.
    """
    thread, _colon, run_id = term.rpartition(":")
    if thread and thread_id and thread != thread_id:
        raise TaskError(
            f"{where} '{term}' and the option thread_id ('{thread_id}') specify different threads. Use only one of "
            "them."
        )
    thread = thread or thread_id or ""
    if not thread or not run_id:
        raise TaskError(
            f"{where} '{term}' does not specify a thread. Use the form thread_id:run_id, or set the option thread_id."
        )
    return thread, run_id
