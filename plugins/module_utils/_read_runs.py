# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find runs. This module only reads (Assistants wire, sections 7 and 10).

from __future__ import annotations

import itertools
import typing as t

from ._errors import NotFound, NotSupported, TaskError
from ._identity import has_metadata

if t.TYPE_CHECKING:
    from ._types import Json, Message, Run
    from ._wire_reading import ReadingWire

_PAGE = 100


class CannotListRuns(TaskError):
    """The server cannot list the runs of all threads, which is an addition of the runtime."""


class RunFilter(t.NamedTuple):
    """The runs to list. Filters that are not set select all runs.

    Attributes:
        status: Only runs with one of these statuses.
        assistant_id: Only runs of the assistant with this id.
        metadata: Only runs with these metadata pairs.
        created_after: Only runs that were created at this time or later, in Unix seconds.
        created_before: Only runs that were created before this time.
    """

    status: list[str] | None = None
    assistant_id: str | None = None
    metadata: dict[str, str] | None = None
    created_after: int | None = None
    created_before: int | None = None

    def matches(self, run: Json) -> bool:
        """Return whether a run is one of these."""
        return (
            (not self.status or run["status"] in self.status)
            and self.assistant_id in (None, run["assistant_id"])
            and has_metadata(run, self.metadata or {})
            and (self.created_after is None or run["created_at"] >= self.created_after)
            and (self.created_before is None or run["created_at"] < self.created_before)
        )

    def query(self) -> dict[str, t.Any]:
        """Return the parameters of a list with these filters (an addition of the runtime)."""
        fields = {
            "status": ",".join(self.status or ()) or None,
            "assistant_id": self.assistant_id,
            **{f"metadata[{key}]": value for key, value in (self.metadata or {}).items()},
            "created_after": self.created_after,
            "created_before": self.created_before,
        }
        return {name: value for name, value in fields.items() if value is not None}


class CannotFindRun(TaskError):
    """The server cannot find a run by its id alone, which is an addition of the runtime."""


def run(wire: ReadingWire, thread_id: str | None, run_id: str) -> Run:
    """Return a run.

    Args:
        wire: The client.
        thread_id: Its thread, or None if it is unknown.
        run_id: The run.

    Raises:
        NotFound: There is no such run, or it is on another thread.
        CannotFindRun: The thread is unknown, and the server needs it.
    """
    if thread_id is not None:
        return t.cast("Run", wire.get("threads", thread_id, "runs", run_id))
    try:
        return t.cast("Run", wire.get("runs", run_id))
    except (NotFound, NotSupported) as error:
        if isinstance(error, NotFound) and error.kind:
            raise
        raise CannotFindRun(
            f"The server cannot find the run '{run_id}' without its thread, which is an addition of the runtime of "
            "this collection. Use the form thread_id:run_id, or set the option thread_id. Or check the option "
            "runtime_url, which usually ends in /v1."
        ) from error


def newest_run(wire: ReadingWire, thread_id: str) -> Run:
    """Return the newest run of a thread.

    Raises:
        NotFound: The thread has no run.
    """
    for newest in wire.list("threads", thread_id, "runs", query={"limit": 1}):
        return t.cast("Run", newest)
    raise NotFound(f"Thread '{thread_id}' has no run.", "run")


def runs(wire: ReadingWire, thread_id: str, wanted: RunFilter | None = None) -> t.Iterator[Json]:
    """Yield the runs of a thread, newest first.

    Args:
        wire: The client.
        thread_id: The thread.
        wanted: Only these runs.
    """
    wanted = wanted or RunFilter()
    found = wire.matching("threads", thread_id, "runs", pairs=wanted.metadata or {})
    return filter(wanted.matches, found)


def all_runs(
    wire: ReadingWire, wanted: RunFilter, limit: int | None = None, messages: bool = False
) -> t.Iterator[Json]:
    """Yield the runs of all threads, newest first.

    Args:
        wire: The client.
        wanted: Only these runs.
        limit: The maximum number of runs.
        messages: Whether each run has the key `messages` with the messages that it has written.

    Raises:
        CannotListRuns: The server does not support this.
    """
    query = {"limit": min(limit or _PAGE, _PAGE), **({"include[]": "messages"} if messages else {}), **wanted.query()}
    try:
        # A run can change while the list is read.
        yield from itertools.islice(filter(wanted.matches, wire.list("runs", query=query)), limit)
    except (NotFound, NotSupported) as error:
        raise CannotListRuns(
            "The server cannot list the runs of all threads, which is an addition of the runtime of this collection. "
            "Specify the thread. Or check the option runtime_url, which usually ends in /v1."
        ) from error


def runs_with_messages(wire: ReadingWire, thread_id: str) -> tuple[list[Run], dict[str, list[Message]]]:
    """Return the runs of a thread, newest first, and the messages that each has written, by its id.

    The runtime adds the messages to the list. For other servers, no messages are returned.
    """
    from ._read_additions import list_with

    found = list_with(wire, "threads", thread_id, "runs", addition={"include[]": "messages"})
    messages = {each["id"]: each.pop("messages") for each in found if isinstance(each.get("messages"), list)}
    return t.cast("list[Run]", found), messages


def run_path(term: str, thread_id: str | None, where: str) -> tuple[str | None, str]:
    """Return the thread and the id of the run in a term. The thread is None if neither specifies it.

    Args:
        term: `run_id`, or `thread_id:run_id`.
        thread_id: The option of that name.
        where: The name of the term in messages.

    Raises:
        TaskError: The term has no run, or two threads are specified.
    """
    thread, colon, run_id = term.rpartition(":")
    if thread and thread_id and thread != thread_id:
        raise TaskError(
            f"{where} '{term}' and the option thread_id ('{thread_id}') specify different threads. Use only one of "
            "them."
        )
    if not run_id or (colon and not thread):
        raise TaskError(f"{where} '{term}' must have the form run_id or thread_id:run_id.")
    return thread or thread_id, run_id
