# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How single resources are found, compared and shown, with answers of a server that does not exist."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _predicted
from ansible_collections.threadworks.openai.plugins.module_utils._errors import RunNotCancellable
from ansible_collections.threadworks.openai.plugins.module_utils._identity import KEY
from ansible_collections.threadworks.openai.plugins.module_utils._message import _Message
from ansible_collections.threadworks.openai.plugins.module_utils._named_runs import named_runs
from ansible_collections.threadworks.openai.plugins.module_utils._run_cancel import cancel
from ansible_collections.threadworks.openai.plugins.module_utils._vector_store import _VectorStore
from ansible_collections.threadworks.openai.tests.world import Json

TEXT: Json = {"type": "text", "text": {"value": "Hi", "annotations": []}}
IMAGE: Json = {"type": "image_url", "image_url": {"url": "u"}}


def _task(wire: Any = None, **params: Any) -> Any:
    return SimpleNamespace(params=params, wire=wire, check_mode=False, warn=pytest.fail)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("Hi", "Hi"),
        ([TEXT], "Hi"),
        ([TEXT, {**TEXT, "text": {"value": "Ho"}}], ["Hi", "Ho"]),
        ([TEXT, IMAGE], ["Hi", {"type": "image_url", "image_url": {"url": "u", "detail": "auto"}}]),
        ([], []),
    ],
)
def test_the_content_of_a_message_in_a_diff(content: Any, shown: Any) -> None:
    assert _Message(_task()).shown({"role": "user", "content": content}) == {"role": "user", "content": shown}


def test_a_message_with_a_key_is_not_found_by_its_content() -> None:
    message: Json = {"id": "msg_1", "role": "user", "content": [TEXT], "metadata": {}, "attachments": []}
    keyed, bare = {**message, "metadata": {KEY: "k"}}, {**message, "id": "msg_2", "metadata": None}
    params: Json = {"thread_id": "thread_1", "message_id": None, "key": None, "content": "Hi", "role": "user"}
    for messages, expected in (([keyed, message], message), ([keyed], None), ([keyed, bare], bare)):
        wire = SimpleNamespace(list=lambda *_path, found=messages: iter(found))
        assert _Message(_task(wire, attachments=None, **params)).search() == expected


def test_a_run_that_has_just_ended_is_not_cancelled() -> None:
    run = {**_predicted.run("run_1", "thread_1", _predicted.assistant("asst_1", {}), {}), "status": "in_progress"}
    ended = {**run, "status": "failed"}

    def refuse(*_path: str, body: Json) -> Json:
        raise RunNotCancellable(400, {"message": "has ended"})

    wire = SimpleNamespace(post=refuse, get=lambda *_path, **_query: ended, list=lambda *_path, **_query: iter(()))
    task = _task(wire, thread_id="thread_1", wait=False, details=False)
    result = cancel(task, cast(Any, [run]))
    assert (result["changed"], result["status"], result["run_id"]) == (False, "failed", "run_1")
    assert (result["diff"]["before"], result["diff"]["after"]) == ({}, {})


def test_a_run_of_the_api_and_a_result_name_the_same_run() -> None:
    def named(value: Any) -> list[tuple[str, str]]:
        found = named_runs(value, None, lambda thread, run, _where: (thread or "unknown", run), pytest.fail)
        return [each.path for each in found]

    result = {"run_id": "run_1", "thread_id": "thread_1", "changed": True}
    of_api = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1"}
    path = ("thread_1", "run_1")
    assert named([result, of_api, "thread_1:run_1", {"results": [result]}]) == [path] * 4
    assert named({"run_id": None, "id": "x", "skipped": True}) == []


@pytest.mark.parametrize(
    ("key", "created", "is_meant"),
    [
        ("k", {"name": "B", "metadata": {KEY: "k"}}, True),
        ("k", {"name": "A", "metadata": {KEY: "other"}}, False),
        (None, {"name": "A", "metadata": {KEY: "other"}}, True),
        (None, {"name": "B", "metadata": {}}, False),
    ],
)
def test_a_vector_store_that_another_task_has_created(key: str | None, created: Json, is_meant: bool) -> None:
    state = _VectorStore(_task(key=key, name="A"))
    assert state.is_meant(created, {"name": "A"}) is is_meant
