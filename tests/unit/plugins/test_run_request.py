# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request that creates a run: what it adds to the thread, and its idempotency key."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _run, _thread_run
from ansible_collections.threadworks.openai.plugins.module_utils._client import Created
from ansible_collections.threadworks.openai.plugins.module_utils._errors import ThreadLocked
from ansible_collections.threadworks.openai.plugins.module_utils._identity import MESSAGE, PARAMETERS
from ansible_collections.threadworks.openai.plugins.module_utils._run_desired import DesiredRun
from ansible_collections.threadworks.openai.plugins.module_utils._run_search import NO_MESSAGE, FoundRun
from ansible_collections.threadworks.openai.plugins.module_utils._run_start import start_when_free
from ansible_collections.threadworks.openai.plugins.module_utils._thread_lock import ThreadLock
from ansible_collections.threadworks.openai.plugins.module_utils._wait import RunRequest
from ansible_collections.threadworks.openai.tests.world import Json

OWN: Json = {"role": "user", "content": "And?"}
PARAMETERS_OF_RUN: Json = {"assistant_id": "asst_1", "additional_messages": [OWN]}


def _task(warnings: list[str] | None = None, **params: Any) -> Any:
    seen = warnings if warnings is not None else []
    return SimpleNamespace(params={"thread_id": "thread_1", "thread": None, **params}, warn=seen.append, wire=None)


def _desired(fingerprint: str = "p", *, force: bool = False) -> DesiredRun:
    return DesiredRun(fingerprint, None, {"a": "1"}, force)


def _found(base: str = "msg_1", **fields: Any) -> FoundRun:
    return FoundRun(base=base, **fields)


def _request(found: FoundRun, desired: DesiredRun | None = None, warnings: list[str] | None = None) -> RunRequest:
    return _run._request(_task(warnings), PARAMETERS_OF_RUN, desired or _desired(), found)


def test_the_request_on_a_thread() -> None:
    request = _request(_found())
    metadata = {"a": "1", PARAMETERS: "p", MESSAGE: "msg_1"}
    assert request.path == ("threads", "thread_1", "runs")
    assert request.body == {**PARAMETERS_OF_RUN, "metadata": metadata}


@pytest.mark.parametrize(
    ("has_added", "force", "adds"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_messages_are_added_once_unless_it_is_forced(has_added: bool, force: bool, adds: bool) -> None:
    request = _request(_found(has_added=has_added), _desired(force=force))
    assert request.body.get("additional_messages") == ([OWN] if adds else None)
    assert request.body["assistant_id"] == "asst_1"


def test_two_tasks_with_the_same_state_and_options_create_one_run() -> None:
    once = _request(_found()).idempotency_key
    assert once
    assert _request(_found()).idempotency_key == once
    others = [
        _request(_found("msg_2")),
        _request(_found(newest_id="run_1")),
        _request(_found(has_added=True)),
        _request(_found(), _desired("q")),
        _request(_found(), _desired(force=True)),
        _request(_found(), _desired(force=True)),
    ]
    assert len({once, *(request.idempotency_key for request in others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("base", "messages", "is_warned"),
    [
        (NO_MESSAGE, [], True),
        (NO_MESSAGE, [{**OWN, "role": "assistant"}], True),
        (NO_MESSAGE, [OWN], False),
        ("msg_1", [], False),
    ],
)
def test_a_run_without_a_question_gets_a_warning(base: str, messages: list[Json], is_warned: bool) -> None:
    warnings: list[str] = []
    parameters = {**PARAMETERS_OF_RUN, "additional_messages": messages}
    _run._request(_task(warnings), parameters, _desired(), _found(base))
    assert ["Thread thread_1 has no message with the role user." in line for line in warnings] == [True] * is_warned


def _thread_request(
    thread: Json | None = None, previous: str | None = None, *, warnings: list[str] | None = None, **desired: Any
) -> RunRequest:
    parameters = {"assistant_id": "asst_1", "thread": {"messages": [OWN]}, "tool_resources": {}}
    task = _task(warnings, thread={"messages": [OWN], "metadata": {"b": "2"}})
    return _thread_run._request(cast(Any, task), parameters, _desired(**desired), thread, previous)


def test_a_thread_is_created_with_its_run() -> None:
    request = _thread_request()
    assert request.path == ("threads", "runs")
    assert request.body == {
        "assistant_id": "asst_1",
        "tool_resources": {},
        "metadata": {"a": "1", PARAMETERS: "p"},
        "thread": {"messages": [OWN], "metadata": {"b": "2", PARAMETERS: "p"}},
    }


def test_a_run_is_repeated_on_its_thread() -> None:
    request = _thread_request({"id": "thread_2"}, "run_1")
    assert request.path == ("threads", "thread_2", "runs")
    assert request.body == {"assistant_id": "asst_1", "metadata": {"a": "1", PARAMETERS: "p"}}


def test_two_tasks_create_one_thread() -> None:
    once = _thread_request().idempotency_key
    assert once
    assert _thread_request().idempotency_key == once
    others = [_thread_request(None, "run_1"), *(_thread_request(force=True) for _each in "ab")]
    others.append(_thread_request(fingerprint="q"))
    assert len({once, *(request.idempotency_key for request in others)}) == 1 + len(others)


@pytest.mark.parametrize(("messages", "is_warned"), [([], True), ([OWN], False)])
def test_a_new_thread_without_a_question_gets_a_warning(messages: list[Json], is_warned: bool) -> None:
    warnings: list[str] = []
    parameters = {"thread": {"messages": messages}}
    _thread_run._request(_task(warnings), parameters, _desired(), None, None)
    assert ["The new thread has no message" in line for line in warnings] == [True] * is_warned


@pytest.mark.parametrize(
    ("metadata", "force", "is_used"),
    [({PARAMETERS: "p"}, False, True), ({PARAMETERS: "q"}, False, False), ({PARAMETERS: "p"}, True, False)],
)
def test_the_active_run_of_another_task_is_used_if_it_is_the_same(
    metadata: Json, force: bool, is_used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, the task waits for it, and then creates its own run."""
    active = {"id": "run_1", "thread_id": "thread_1", "status": "in_progress", "metadata": metadata}
    waited: list[str] = []

    def create(*_path: str, **_request: Any) -> Created:
        if waited:
            return Created({**active, "id": "run_2"}, True)
        raise ThreadLocked(400, {"message": "locked"}, "run_1")

    monkeypatch.setattr(ThreadLock, "wait_for", lambda _lock, run: waited.append(run["id"]))
    wire = SimpleNamespace(create=create, get=lambda *_path: active, unconfigured="")
    task = SimpleNamespace(params={"wait": False, "wait_timeout": 5}, wire=wire, show=None, warn=None, check_mode=False)
    request = RunRequest(("threads", "thread_1", "runs"), {}, "once")
    started = start_when_free(cast(Any, task), _desired(force=force), request)
    assert (started.run["id"], started.is_new, waited) == (
        ("run_1", False, []) if is_used else ("run_2", True, ["run_1"])
    )
