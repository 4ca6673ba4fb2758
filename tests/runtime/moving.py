# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects to import, as another server returns them, and imports and exports of a store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store
from threadworks_runtime.transfer.exporting import export_lines
from threadworks_runtime.transfer.importing import Import, Options

Json = dict[str, Any]


def assistant(id: str = "asst_1", **fields: Any) -> Json:
    """An assistant."""
    return {
        "id": id,
        "object": "assistant",
        "created_at": 1_700_000_000,
        "name": "Helper",
        "description": None,
        "model": "gpt-4o",
        "instructions": "Help.",
        "tools": [{"type": "file_search", "file_search": {"max_num_results": None}}, {"type": "code_interpreter"}],
        "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}, "code_interpreter": None},
        "metadata": {"team": "network"},
        "temperature": 1.0,
        "top_p": 0.5,
        "response_format": "auto",
        **fields,
    }


def thread(id: str = "thread_1", **fields: Any) -> Json:
    """A thread."""
    made = {"id": id, "object": "thread", "created_at": 1_700_000_001, "metadata": {}, "tool_resources": {}}
    return {**made, **fields}


def message(id: str = "msg_1", text: str = "Hello", **fields: Any) -> Json:
    """A message."""
    return {
        "id": id,
        "object": "thread.message",
        "created_at": 1_700_000_002,
        "assistant_id": None,
        "thread_id": "thread_1",
        "run_id": None,
        "role": "user",
        "content": [{"type": "text", "text": {"value": text, "annotations": []}}],
        "attachments": [],
        "metadata": {},
        **fields,
    }


def run(id: str = "run_1", **fields: Any) -> Json:
    """A completed run."""
    return {
        "id": id,
        "object": "thread.run",
        "created_at": 1_700_000_003,
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "status": "completed",
        "started_at": 1_700_000_003,
        "expires_at": None,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": 1_700_000_009,
        "last_error": None,
        "model": "gpt-4o",
        "instructions": None,
        "incomplete_details": None,
        "tools": [],
        "metadata": {},
        "usage": {"prompt_tokens": 123, "completion_tokens": 456, "total_tokens": 579},
        "temperature": 1.0,
        "top_p": 1.0,
        "max_prompt_tokens": 1000,
        "max_completion_tokens": 1000,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "response_format": "auto",
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        **fields,
    }


def step(id: str = "step_1", **fields: Any) -> Json:
    """A step with a call of a tool."""
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}", "output": "yes"}}
    return {
        "id": id,
        "object": "thread.run.step",
        "created_at": 1_700_000_004,
        "run_id": "run_1",
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "type": "tool_calls",
        "status": "completed",
        "cancelled_at": None,
        "completed_at": 1_700_000_005,
        "expired_at": None,
        "failed_at": None,
        "last_error": None,
        "step_details": {"type": "tool_calls", "tool_calls": [call]},
        "usage": None,
        **fields,
    }


def conversation() -> list[Json]:
    """One object of each kind."""
    reply = message("msg_2", "Hello to you", role="assistant", run_id="run_1", assistant_id="asst_1")
    return [assistant(), thread(), message(), {**reply, "created_at": 1_700_000_008}, run(), step()]


def lines(objects: Iterable[Any]) -> bytes:
    """Objects as JSON lines."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def bring(store: str, data: bytes, **options: Any) -> Json:
    """Import lines into a store, and return the report."""
    chosen = Options(**options)
    with closing(open_store(Settings(store=store))) as opened, closing(Import(chosen)) as work:
        work.feed(data)
        work.finish_reading()
        while not work.is_done:
            with opened.reading() if chosen.is_dry else opened.writing() as connection:
                written = work.write(connection)
            work.accept(written)
        return work.report()


def export(store: str, *thread_ids: str) -> bytes:
    """Export a store."""
    with closing(open_store(Settings(store=store))) as opened, opened.snapshot() as connection:
        return b"".join(export_lines(connection, thread_ids or None, assistants=not thread_ids))


def exported(store: str) -> list[Json]:
    """The objects in a store, without the lines that are no objects."""
    return [json.loads(line) for line in export(store).splitlines()][1:-1]


def ids(store: str, kind: str) -> list[str]:
    """The ids of the objects of a kind, in their order."""
    return [each["id"] for each in exported(store) if each["object"] == kind]


def counts(report: Json, outcome: str) -> list[int]:
    """The numbers of assistants, threads, messages, runs and steps with an outcome."""
    return [report[name][outcome] for name in ("assistants", "threads", "messages", "runs", "steps")]
