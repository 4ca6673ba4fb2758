# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode predicts the objects that the runtime and the model server create."""

from __future__ import annotations

import time
from typing import Any

import pytest
from threadworks_runtime import documents
from threadworks_runtime.records import AssistantRecord

from ansible_collections.threadworks.openai.plugins.module_utils import _predicted
from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY
from ansible_collections.threadworks.openai.tests.world import Json

MADE: Json = {"name": "A", "model": "m", "temperature": 0.5, "tools": [{"type": "code_interpreter"}]}
IMAGE: Json = {"type": "image_url", "image_url": {"url": "u", "detail": "low"}}
FILE_IMAGE: Json = {"type": "image_file", "image_file": {"file_id": "f"}}
WANTED: Json = {
    "assistant_id": "asst_1",
    "model": "n",
    "instructions": "Be kind.",
    "additional_instructions": "And brief.",
    "tools": [],
    "metadata": {"a": "1"},
    "temperature": 0.1,
    "top_p": 0.2,
    "max_prompt_tokens": 300,
    "max_completion_tokens": 400,
    "truncation_strategy": {"type": "last_messages", "last_messages": 3},
    "tool_choice": "none",
    "parallel_tool_calls": False,
    "response_format": {"type": "json_object"},
}


def _timeless(thing: Any) -> Json:
    """Return an object with its times relative to now: they are the same if the clock advances during the test."""
    now = time.time()
    return {
        name: round((value - now) / 10) if name.endswith("_at") and isinstance(value, int) else value
        for name, value in thing.items()
    }


def _is_now(moment: int) -> bool:
    return abs(moment - time.time()) < 5


@pytest.mark.parametrize("body", [{"model": "m"}, MADE, {**MADE, "reasoning_effort": "low", "metadata": {"a": "1"}}])
def test_assistants(body: Json) -> None:
    created, _private = documents.assistant("asst_1", body)
    assert _timeless(_predicted.assistant("asst_1", body)) == _timeless(created)


@pytest.mark.parametrize("body", [{}, {"metadata": {"a": "1"}, "tool_resources": {"file_search": {}}, "messages": []}])
def test_threads(body: Json) -> None:
    assert _timeless(_predicted.thread("thread_1", body)) == _timeless(documents.thread("thread_1", body))


@pytest.mark.parametrize(
    "body",
    [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hi"}, IMAGE, FILE_IMAGE], "metadata": {"a": "1"}},
        {"role": "user", "content": "Hi", "attachments": [{"file_id": "f"}]},
    ],
)
def test_messages(body: Json) -> None:
    created = documents.message("msg_1", "thread_1", body)
    assert _timeless(_predicted.message("msg_1", "thread_1", body)) == _timeless(created)


def test_an_unknown_message_is_of_the_user() -> None:
    assert _predicted.message("msg_1", "thread_1", {})["role"] == "user"


@pytest.mark.parametrize(("made", "body"), [({"model": "m"}, {}), (MADE, {}), ({**MADE, "instructions": "I."}, WANTED)])
def test_runs(made: Json, body: Json) -> None:
    assistant = AssistantRecord(1, "asst_1", *documents.assistant("asst_1", made))
    created, _private = documents.run("run_1", documents.thread("thread_1", {}), assistant, body, 600)
    predicted = _predicted.run("run_1", "thread_1", _predicted.assistant("asst_1", made), body)
    assert _timeless(predicted) == _timeless(created)
    assert predicted["expires_at"] - predicted["created_at"] == 600


def test_fields_of_the_request_that_a_run_does_not_have() -> None:
    hidden = {"additional_messages": [], "reasoning_effort": "low", "thread": {}, "tool_resources": {}}
    run = _predicted.run("run_1", "thread_1", _predicted.assistant("asst_1", MADE), {**hidden, "verbosity": "low"})
    assert not hidden.keys() & run.keys()
    assert run["verbosity"] == "low"


def _run(**fields: Any) -> Json:
    return {**_predicted.run("run_1", "thread_1", _predicted.assistant("asst_1", MADE), {}), **fields}


def test_a_completed_run_has_used_nothing() -> None:
    run = _predicted.completed(_run(required_action={}))
    assert (run["status"], run["required_action"], run["expires_at"]) == ("completed", None, None)
    assert _is_now(run["started_at"])
    assert _is_now(run["completed_at"])
    assert run["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def test_a_completed_run_keeps_what_is_known() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    run = _predicted.completed(_run(started_at=5, usage=usage))
    assert (run["started_at"], run["usage"]) == (5, usage)


def test_a_cancelled_run() -> None:
    run = _predicted.cancelled(_run(required_action={}, started_at=5))
    assert (run["status"], run["required_action"], run["expires_at"], run["started_at"]) == ("cancelled", None, None, 5)
    assert _is_now(run["cancelled_at"])


def test_the_reply_of_a_run() -> None:
    reply = _predicted.reply("msg_1", _run())
    assert (reply["role"], reply["thread_id"]) == ("assistant", "thread_1")
    assert (reply["assistant_id"], reply["run_id"]) == ("asst_1", "run_1")
    assert reply["content"] == [{"type": "text", "text": {"value": KNOWN_AFTER_APPLY, "annotations": []}}]


def test_files_and_vector_stores() -> None:
    file = _predicted.file("file_1", {"filename": "a.md", "bytes": 3})
    assert _is_now(file.pop("created_at"))
    shown = {"id": "file_1", "object": "file", "status": "processed", "purpose": "assistants"}
    assert file == {**shown, "filename": "a.md", "bytes": 3}
    assert _predicted.file("file_1", {})["bytes"] == 0
    store = _predicted.vector_store("vs_1", {"name": "A"})
    assert _is_now(store.pop("created_at"))
    assert _is_now(store.pop("last_active_at"))
    counts = dict.fromkeys(("completed", "in_progress", "failed", "cancelled", "total"), 0)
    shown = {"id": "vs_1", "object": "vector_store", "status": "completed", "metadata": {}}
    assert store == {**shown, "name": "A", "usage_bytes": 0, "file_counts": counts}


def test_a_file_of_a_vector_store() -> None:
    body = {"file_id": "file_1", "attributes": {"a": 1}, "chunking_strategy": {"type": "auto"}}
    member = _predicted.vector_store_file("vs_1", body)
    assert _is_now(member.pop("created_at"))
    assert member == {
        "id": "file_1",
        "object": "vector_store.file",
        "vector_store_id": "vs_1",
        "status": "completed",
        "last_error": None,
        "usage_bytes": 0,
        "attributes": {"a": 1},
        "chunking_strategy": {"type": "auto"},
    }
    assert _predicted.vector_store_file("vs_1", {"file_id": "file_1"})["attributes"] == {}
