# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The conversations of the report: what users, models and tools said on each thread, and who allowed which call.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ._conversation import Call, Item, conversation, readable
from ._page import first_line
from ._run_recorder import Recorder
from ._run_table import ranked
from ._seen_runs import Json, SeenRun, ToolCall

# What a report contains at most: conversations, and characters of all their texts.
MOST = 1000
_BUDGET = 12_000_000
_QUESTION = 110


@dataclass
class Entry:
    """An item of a conversation, and what is known about it.

    Attributes:
        item: The item.
        calls: Its tool calls, each with what the playbook did about it, or None.
        run: The run that ends with this item, or None.
    """

    item: Item
    calls: list[tuple[Call, ToolCall | None]] = field(default_factory=list)
    run: SeenRun | None = None


@dataclass
class Talk:
    """A conversation: a thread.

    Attributes:
        id: Its id in the page.
        thread_id: The thread.
        question: The beginning of the first message.
        runs: The runs of the playbook, oldest first.
        entries: The items.
        is_cut: Whether older messages are left out.
    """

    id: str
    thread_id: str
    question: str
    runs: list[SeenRun]
    entries: list[Entry]
    is_cut: bool = False

    @property
    def worst(self) -> SeenRun:
        """The run that describes the conversation: the first that failed, or the latest one."""
        return next((run for run in self.runs if run.is_bad), self.runs[-1])


def talks(recorder: Recorder, journal: dict[str, Json]) -> tuple[list[Talk], int]:
    """Return the conversations, failures first, and the number of conversations that are left out.

    Args:
        recorder: The runs and tool calls of the playbook.
        journal: The messages and steps of runs, by their ids.
    """
    threads: dict[str, list[SeenRun]] = {}
    for run in ranked(run for run in recorder.runs.values() if run.status != "predicted"):
        threads.setdefault(run.thread_id, []).append(run)
    found: list[Talk] = []
    left = _BUDGET
    for thread_id, runs in threads.items():
        if len(found) == MOST or left <= 0:
            break
        runs.sort(key=lambda run: run.run.get("created_at") or run.began)
        talk = _talk(f"talk-{len(found) + 1}", thread_id, runs, journal, recorder)
        left -= sum(_length(entry.item) for entry in talk.entries)
        found.append(talk)
    return found, len(threads) - len(found)


def _talk(id: str, thread_id: str, runs: list[SeenRun], journal: dict[str, Json], recorder: Recorder) -> Talk:
    entries = [journal[run.id] for run in runs if run.id in journal]
    # The latest entry has all messages of the thread.
    messages = (
        entries[-1]["messages"] if entries else [each for run in runs for each in run.answer.get("messages") or []]
    )
    steps = [step for entry in entries for step in entry["steps"]]
    if not entries:
        steps = [step for run in runs for step in run.answer.get("steps") or _steps_of(run, recorder)]
    items = conversation(messages, steps)
    shown = [Entry(item, [(call, recorder.calls.get(call.id)) for call in item.calls]) for item in items]
    for run in runs:
        _place(run, shown)
    question = next((part.text for item in items if item.role == "user" for part in item.parts), "")
    return Talk(
        id, thread_id, first_line(question, _QUESTION), runs, shown, bool(entries and entries[-1].get("is_cut"))
    )


def _steps_of(run: SeenRun, recorder: Recorder) -> list[Json]:
    """Return the tool calls of a run as a step, if the steps are unknown."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments, "output": None},
        }
        for call in recorder.calls.values()
        if call.run_id == run.id
    ]
    return [{"run_id": run.id, "step_details": {"type": "tool_calls", "tool_calls": calls}}] if calls else []


def _place(run: SeenRun, entries: list[Entry]) -> None:
    """Add a run after its last item. A run that wrote nothing follows the messages that it could read."""
    place = next((entry for entry in reversed(entries) if entry.item.run_id == run.id), None)
    if place is None:
        created = run.run.get("created_at") or 0
        earlier = [entry for entry in entries if (entry.item.created_at or 0) <= created and entry.run is None]
        place = earlier[-1] if earlier else None
    if place is None or place.run is not None:
        entries.append(Entry(Item("none"), run=run))
    else:
        place.run = run


def _length(item: Item) -> int:
    texts = [part.text for part in item.parts]
    texts += [text for call in item.calls for text in (call.arguments, call.output or "")]
    return sum(map(len, texts))


def rows_of(output: t.Any) -> tuple[str, list[str], list[list[t.Any]], list[bool]] | None:
    """Return data as a table: its kind, its head, its rows, and which columns are numbers; or None for a single value.

    A list of objects has a column for each key. Other lists and objects have a row for each item.
    """
    if isinstance(output, dict):
        return "object", ["Key", "Value"], [[key, value] for key, value in output.items()], [False, False]
    if not isinstance(output, list):
        return None
    if output and all(isinstance(each, dict) for each in output):
        head = list(dict.fromkeys(key for each in output for key in each))
        rows = [[each.get(key, "") for key in head] for each in output]
        return "list", head, rows, [all(map(_is_number, column)) for column in zip(*rows, strict=True)]
    return "list", ["Value"], [[each] for each in output], [all(map(_is_number, output))]


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def shown_value(value: t.Any) -> str:
    """Return a single value as text."""
    return value if isinstance(value, str) else readable(value)
