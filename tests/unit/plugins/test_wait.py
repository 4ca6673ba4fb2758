# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following a run: streams, polls, the clock, and servers that can do less than our runtime."""

from __future__ import annotations

import asyncio
import copy
import itertools
import re
import time
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _wait
from ansible_collections.threadworks.openai.tests.unit.plugins.middleware import (
    Around,
    with_a_rival,
    with_header,
    without_lists_of_threads,
    without_messages_in_lists,
    without_streams,
)
from ansible_collections.threadworks.openai.tests.world import App, Json, World

CREATE, RUN = "POST /threads/*/runs", "GET /threads/*/runs/*"
T: Json = {"thread_id": "newest", "assistant_id": "newest"}


@pytest.fixture
def thread(world: World) -> World:
    """A world with an assistant, and a thread that says something."""
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[{"content": "Hello"}])
    return world


def test_where_the_server_does_not_stream_the_run_is_polled(thread: World) -> None:
    thread.put_before(without_streams)
    thread.model.script([{"hold": True}])
    thread.release_after(1)
    done = thread.do("run", **T)
    assert (done.result["status"], done.result["response"]) == ("completed", "Reply to: Hello")
    assert done.sent == [CREATE]
    assert RUN in done.read


@pytest.mark.parametrize(
    ("wish", "pauses"), [(None, [0.25, 0.375, 0.5625]), ("700", [0.7, 0.7, 0.7]), ("soon", [0.25, 0.375, 0.5625])]
)
def test_polls_become_rarer_unless_the_server_has_a_wish(thread: World, wish: str | None, pauses: list[float]) -> None:
    times: list[float] = []

    def timed(app: App) -> App:
        async def call(scope: Json, receive: Any, send: Any) -> None:
            if re.search(r"/runs/\w+$", scope.get("path", "")):
                times.append(time.monotonic())
            await app(scope, receive, send)

        return call

    for around in (without_streams, with_header("openai-poll-after-ms", wish), timed):
        thread.put_before(around)
    thread.model.script([{"hold": True}])
    thread.release_after(4)
    assert thread.do("run", **T).result["status"] == "completed"
    waited = [after - before for before, after in itertools.pairwise(times)]
    assert all(real >= least for real, least in zip(waited[:3], pauses, strict=True))
    assert len(times) < 9


@pytest.mark.parametrize("around", [None, without_streams], ids=["streaming", "polling"])
def test_a_timeout_returns_the_last_known_run(thread: World, around: Around | None) -> None:
    if around:
        thread.put_before(around)
    thread.model.script([{"hang": True}])
    began = time.monotonic()
    result = thread.do("run", **T, wait_timeout=3).result
    # The model never answers.
    assert time.monotonic() - began >= 3
    assert "still in_progress after 3 seconds (option wait_timeout)" in result["msg"]
    assert result["run"]["status"] == result["status"] == "in_progress"
    assert (result["run_id"], result["thread_id"]) == (result["run"]["id"], result["run"]["thread_id"])


def test_a_run_that_goes_on_talking_is_not_waited_for_longer(thread: World) -> None:
    # It would talk for a quarter of an hour.
    thread.model.script([{"text": "word " * 9000, "delta_delay": 0.1}])
    assert "wait_timeout" in thread.do("run", **T, wait_timeout=1).result["msg"]


def test_a_server_without_idempotency_keys_makes_one_run_too(thread: World) -> None:
    thread.put_before(with_a_rival)
    thread.model.script([{"hold": True}])
    thread.release_after(1)
    done = thread.do("run", **T, key="k")
    assert done.result["response"] == "Reply to: Hello"
    assert len(list(thread.wire.list("threads", thread.ids["thread_id"], "runs"))) == 1
    assert len(thread.model.runs) == 1


@pytest.mark.parametrize(
    ("resource", "options", "path"),
    [
        ("run", {**T, "key": "k"}, "/threads/*/runs"),
        ("run", T, "/threads/*/runs"),
        ("thread_run", {"assistant_id": "newest", "key": "k"}, "/threads/runs"),
        ("thread", {"key": "k"}, "/threads"),
        ("message", {"thread_id": "newest", "content": "Hi"}, "/threads/*/messages"),
    ],
)
def test_two_who_want_nearly_the_same_at_the_same_moment_make_one(
    thread: World, resource: str, options: Json, path: str
) -> None:
    """They differ in metadata alone, which is updated in place."""
    rival = copy.copy(thread)
    rival.ids = dict(thread.ids)
    made: list[str] = []

    def first() -> None:
        made.append(rival.do(resource, **options, metadata={"who": "rival"}).result[f"{_kind(resource)}_id"])

    def around(app: App) -> App:
        async def call(scope: Json, receive: Any, send: Any) -> None:
            if scope.get("method") == "POST" and not made:
                made.append("now")
                await asyncio.to_thread(first)
            await app(scope, receive, send)

        return call

    thread.put_before(around)
    before = len(thread.requests)
    result = thread.do(resource, **options, metadata={"who": "us"}).result
    assert result[f"{_kind(resource)}_id"] == made[1]
    assert result[_kind(resource)]["metadata"]["who"] == "us"
    assert len(thread.model.runs) == ("run" in resource)
    assert thread.requests[before:].count(f"POST {path}") == 2


def _kind(resource: str) -> str:
    return resource.removeprefix("thread_")


def test_a_server_that_cannot_list_threads_is_reported(thread: World) -> None:
    thread.put_before(without_lists_of_threads)
    options: Json
    for resource, options in (("thread", {"key": "k"}), ("thread_run", {"assistant_id": "newest"})):
        result = thread.do(resource, **options).result
        assert "cannot list threads" in result["msg"]
        assert "thread_id" in result["msg"]
    asked: Json = {"assistant_id": "newest", "thread": {"messages": [{"content": "Hello"}]}}
    first = thread.do("thread_run", **asked, force=True)
    assert first.sent == ["POST /threads/runs"]
    again = thread.do("thread_run", **asked, thread_id="newest")
    assert (again.result["changed"], again.sent) == (False, [])


def test_a_server_that_includes_no_messages_is_asked_without(thread: World) -> None:
    asked: Json = {"assistant_id": "newest", "thread": {"messages": [{"content": "Hello"}]}}
    first = thread.do("thread_run", **asked)
    thread.put_before(without_messages_in_lists)
    again = thread.do("thread_run", **asked)
    assert again.result["changed"] is False
    assert again.result["response"] == first.result["response"] == "Reply to: Hello"
    assert again.read == ["GET /threads", *["GET /threads/*/runs"] * 2, "GET /threads/*/messages"]


@pytest.mark.parametrize("progress", [True, False])
def test_progress(thread: World, monkeypatch: pytest.MonkeyPatch, progress: bool) -> None:
    monkeypatch.setattr(_wait, "_PROGRESS_EVERY", 0)
    thread.model.script([{"text": "one two three"}])
    thread.do("run", **T, progress=progress)
    assert bool(thread.progress) == progress
    line = re.compile(r"run_\w+: (queued|in_progress|completed), \d+ s(, \d tokens)?")
    assert [each for each in thread.progress if not line.fullmatch(each)] == []
