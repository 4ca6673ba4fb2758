# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Which run of a thread answers the thread's latest user message under the desired parameters, or has the key.

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass

from ._identity import MESSAGE
from ._message_content import has_content
from ._run_desired import decisive

if t.TYPE_CHECKING:
    from ._run_desired import DesiredRun
    from ._types import Json, Message, Run
    from ._wire_reading import ReadingWire

# Most searches are decided by the newest runs and messages.
_PAGE = 20
_NEWEST = {"limit": _PAGE, "order": "desc"}
# The base of a run on a thread without user messages.
NO_MESSAGE = "none"


@dataclass(frozen=True)
class FoundRun:
    """The result of a search for the desired run.

    Attributes:
        run: The relevant run with this identity, or None.
        messages: The messages that this run has written, oldest first; None if they have not been read.
        base: The id of the user message that a new run starts from; NO_MESSAGE on an empty thread.
        has_added: Whether a failed run has already added its messages to the thread.
        newest_id: The id of the newest run with this identity, with any status.
        is_suspect: Whether there is no such run although the thread ends with the messages that it would add.
    """

    run: Run | None = None
    messages: list[Message] | None = None
    base: str = NO_MESSAGE
    has_added: bool = False
    newest_id: str | None = None
    is_suspect: bool = False


def search(wire: ReadingWire, thread_id: str, desired: DesiredRun, own: list[Json]) -> FoundRun:
    """Search the desired run on a thread.

    Args:
        wire: The client.
        thread_id: The thread.
        desired: The identity of the desired run.
        own: The user messages that the run itself adds to the thread, oldest first.

    Raises:
        NotFound: The thread does not exist.
    """
    found = _search(wire, thread_id, desired, own)
    # Another task may have created the run between the two requests.
    return _search(wire, thread_id, desired, own) if found.is_suspect else found


def _search(wire: ReadingWire, thread_id: str, desired: DesiredRun, own: list[Json]) -> FoundRun:
    path = ("threads", thread_id, "runs")
    runs = t.cast("t.Iterator[Run]", wire.matching(*path, pairs=desired.identity, page=_PAGE))
    newest = list(itertools.islice(runs, _PAGE))
    by_key = decisive(itertools.chain(newest, runs)) if desired.key else None
    if desired.is_met_by(by_key):
        return FoundRun(run=by_key)
    asked, written = _latest(t.cast("t.Iterator[Message]", wire.list(*path[:2], "messages", query=_NEWEST)), len(own))
    # Messages that a run itself has added do not count as new.
    added, base = asked[: len(own)], asked[len(own)]["id"] if len(asked) > len(own) else NO_MESSAGE
    covering = None
    if _has_added(own, added) and not any(_starts_from(run, each["id"], desired) for run in newest for each in added):
        covering = decisive(run for run in newest if _starts_from(run, base, desired))
        if len(newest) == _PAGE and not desired.is_met_by(covering):
            older = wire.matching(*path, pairs={**desired.identity, MESSAGE: base}, page=_PAGE)
            covering = decisive(run for run in t.cast("t.Iterator[Run]", older) if _starts_from(run, base, desired))
    run = by_key or covering
    return FoundRun(
        run=run,
        messages=[message for message in written if run and message["run_id"] == run["id"]],
        base=base if covering else next((each["id"] for each in asked), NO_MESSAGE),
        has_added=bool(covering and own),
        newest_id=newest[0]["id"] if newest else None,
        is_suspect=not newest and bool(own and asked) and has_content(asked[0], "user", own[-1]["content"]),
    )


def _latest(messages: t.Iterable[Message], more: int) -> tuple[list[Message], list[Message]]:
    """Return the latest user messages of a thread, and the messages of runs since the oldest of these.

    Args:
        messages: The thread's messages, newest first. Only as many as needed are read.
        more: The number of further user messages, in addition to one.

    Returns:
        The user messages, newest first, and the other messages, oldest first.
    """
    asked: list[Message] = []
    written: list[Message] = []
    for message in messages:
        if message["role"] != "user":
            written.insert(0, message)
            continue
        asked.append(message)
        if len(asked) > more:
            break
    return asked, written


def _has_added(own: list[Json], latest: list[Message]) -> bool:
    """Return whether the latest user messages, newest first, are those that a run itself adds, oldest first."""
    return len(latest) == len(own) and all(
        has_content(message, "user", mine["content"]) for message, mine in zip(latest, reversed(own), strict=True)
    )


def _starts_from(run: Run, message_id: str, desired: DesiredRun) -> bool:
    """Return whether a run has the desired parameters, and was started from a message."""
    return desired.has_parameters(run) and (run["metadata"] or {}).get(MESSAGE) == message_id
