# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following a run on servers that break off, say odd things, or say nothing."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError, Unanswered
from ansible_collections.threadworks.openai.plugins.module_utils._wait import Follower, RunRequest
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    Json,
    Peer,
    Script,
    Scripted,
    always,
    silence,
    wire_to,
)

PATH = ("threads", "thread_1", "runs")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


def run(status: str, **more: Any) -> Json:
    return {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "status": status, **more}


def event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def state(status: str) -> bytes:
    return event(f"thread.run.{status}", run(status))


DONE = b"event: done\ndata: [DONE]\n\n"
WRITTEN = event("thread.message.completed", {"id": "msg_1", "object": "thread.message"})


def stream(*pieces: bytes, then: Script = lambda peer: None) -> Script:
    """Answers a request with a stream; what follows on the connection is up to `then`."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(HEAD + b"".join(pieces))
        then(peer)

    return script


def follow(server: Scripted, once: str | None = "k", existing: Any = None, timeout: float = 10.0) -> Any:
    return Follower(wire_to(server.url), timeout, lambda _text: None).stream(RunRequest(PATH, {}, once, existing))


def test_a_stream_reports_the_run_and_its_messages() -> None:
    with Scripted(stream(state("created"), state("in_progress"), WRITTEN, state("completed"), DONE)) as server:
        assert follow(server) == (run("completed"), [{"id": "msg_1", "object": "thread.message"}], True)
        assert len(server.seen) == 1


def test_events_that_nobody_knows_are_ignored() -> None:
    odd = event("thread.run.odd", {"object": "else"}) + event("new", {}) + event("thread.run.step.completed", {})
    with Scripted(stream(odd, state("completed"), DONE)) as server:
        assert follow(server)[0] == run("completed")


@pytest.mark.parametrize("pieces", [(), (b": waiting\n\n",), (DONE,)])
def test_where_no_run_was_reported_the_same_request_is_sent_again(pieces: tuple[bytes, ...]) -> None:
    with Scripted(stream(*pieces), stream(*pieces), stream(state("completed"), DONE)) as server:
        assert follow(server)[0] == run("completed")
        assert [headers["idempotency-key"] for _line, headers, _body in server.seen] == ["k"] * 3


def test_it_is_sent_again_only_so_often_and_only_with_its_key() -> None:
    with Scripted(stream()) as server:
        with pytest.raises(Unanswered, match="The stream ended before it reported a run"):
            follow(server)
        assert len(server.seen) == 3
        with pytest.raises(Unanswered):
            follow(server, once=None)
        assert len(server.seen) == 4


@pytest.mark.parametrize("status", ["completed", "failed", "requires_action"])
def test_a_run_whose_stream_breaks_off_is_asked_for(status: str) -> None:
    with Scripted(stream(state("in_progress"), WRITTEN), always(run(status))) as server:
        # Its messages are not known: some may be missing.
        assert follow(server) == (run(status), None, True)
        assert server.lines[1] == "GET /v1/threads/thread_1/runs/run_1 HTTP/1.1"


def test_the_end_of_a_run_needs_no_end_of_the_stream() -> None:
    with Scripted(stream(state("in_progress"), WRITTEN, state("completed"))) as server:
        assert follow(server)[0] == run("completed")
        assert len(server.seen) == 1


def test_a_run_that_goes_on_is_asked_for_where_its_stream_says_nothing() -> None:
    """A run that has got its tool outputs does not wait for them any more."""
    with Scripted(stream(b": waiting\n\n"), always(run("completed"))) as server:
        assert follow(server, once=None, existing=run("requires_action")) == (run("completed"), None, True)


def test_a_server_that_reports_an_error_instead_of_a_run() -> None:
    with Scripted(stream(event("error", {"message": "No room."}), DONE)) as server:
        with pytest.raises(TaskError, match=r"^The server reported an error: No room\.$"):
            follow(server)
        assert len(server.seen) == 1


@pytest.mark.parametrize("missing", ["id", "status", "thread_id"])
def test_a_run_that_is_none_is_an_error(missing: str) -> None:
    broken = {name: value for name, value in run("completed").items() if name != missing}
    for scripts in ([stream(event("thread.run.completed", broken), DONE)], [stream(state("queued")), always(broken)]):
        with (
            Scripted(*scripts) as server,
            pytest.raises(TaskError, match=r"(has no id|without \w+)\..*runtime_url is .*\.$"),
        ):
            follow(server)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (silence, r"^The server has not reported its run after 3 seconds \(option wait_timeout\)\."),
        (stream(then=silence), r"^The server has not reported its run after 3 seconds \(option wait_timeout\)\."),
        (stream(state("in_progress"), then=silence), r"^Run run_1 is still in_progress after 3 seconds"),
    ],
)
def test_the_clock_of_the_task_is_the_one_that_counts(script: Script, message: str) -> None:
    """On a server that is silent too: for the stream, and for the questions after it."""
    with Scripted(script, silence) as server:
        began = time.monotonic()
        with pytest.raises(TaskError) as caught:
            follow(server, timeout=3)
        assert 3 <= time.monotonic() - began < 60
        assert re.search(message, caught.value.message)


def test_a_poll_does_not_outlive_the_clock_of_the_task() -> None:
    with Scripted(silence) as server:
        began = time.monotonic()
        follower = Follower(wire_to(server.url, timeout=60.0), 0.7, lambda _text: None)
        with pytest.raises(TaskError, match=r"Run run_1 is still queued after 0\.7 seconds \(option wait_timeout\)"):
            follower.poll(run("queued"))
        # A request alone may take a minute.
        assert time.monotonic() - began < 30


def test_a_completed_run_in_place_of_a_stream_has_messages_to_be_read() -> None:
    with Scripted(always(run("completed"))) as server:
        started = follow(server)
    assert (started.run["status"], started.messages) == ("completed", None)
