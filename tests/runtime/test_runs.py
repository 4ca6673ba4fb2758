# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a run, how it ends, and what it locks (Assistants wire, sections 6 to 8)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    TERMINAL,
    TOOL,
    AppServer,
    Conversation,
    talking,
    wait_for,
)

_CALL = {"name": "disk", "arguments": {"path": "/"}}
_MESSAGE = {"role": "user", "content": "x"}


@pytest.fixture
def idle(settings: Settings) -> Iterator[Conversation]:
    """On a runtime that has no room for runs: they stay queued."""
    with talking(replace(settings, concurrent_runs=0)) as talk:
        yield talk


def _refusal(answer: httpx2.Response) -> str:
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]["message"]


def test_a_new_run_has_every_field_and_null_nowhere_it_must_not(idle: Conversation) -> None:
    bare = idle.wire.post("/assistants", json={"model": "scripted"}).json()["id"]
    run = idle.start(assistant_id=bare)
    assert run == {
        "id": run["id"],
        "object": "thread.run",
        "created_at": run["created_at"],
        "thread_id": idle.thread,
        "assistant_id": bare,
        "status": "queued",
        "required_action": None,
        "last_error": None,
        "expires_at": run["created_at"] + 600,
        "started_at": None,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "incomplete_details": None,
        "model": "scripted",
        "instructions": "",
        "tools": [],
        "metadata": {},
        "usage": None,
        "temperature": 1,
        "top_p": 1,
        "max_prompt_tokens": None,
        "max_completion_tokens": None,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "response_format": "auto",
    }
    assert idle.read(run) == run


def test_overrides_reach_the_run_and_the_model_server(talk: Conversation, model_server: ModelServer) -> None:
    run = talk.finish(
        model="other",
        instructions="Be long.",
        additional_instructions="Rhyme.",
        additional_messages=[{"role": "user", "content": "And now?", "metadata": {"n": "1"}}],
        tools=[],
        temperature=0.25,
        max_completion_tokens=300,
        truncation_strategy={"type": "last_messages", "last_messages": 1},
        response_format={"type": "text"},
        reasoning_effort="low",
    )
    assert run["status"] == "completed", run["last_error"]
    assert (run["model"], run["instructions"], run["tools"]) == ("other", "Be long.\n\nRhyme.", [])
    assert (run["temperature"], run["top_p"], run["max_completion_tokens"]) == (0.25, 1, 300)
    (sent,) = model_server.runs
    assert (sent["model"], sent["instructions"], sent["temperature"]) == ("other", "Be long.\n\nRhyme.", 0.25)
    assert sent["reasoning"] == {"effort": "low"}
    assert "top_p" not in sent, "nobody has asked for it, and reasoning models refuse it"
    assert "Hello" not in str(sent["input"])
    assert "And now?" in str(sent["input"])


def test_null_means_what_the_assistant_has(talk: Conversation) -> None:
    names = "model instructions tools metadata temperature max_prompt_tokens truncation_strategy tool_choice stream"
    run = talk.finish(**dict.fromkeys(names.split()))
    assert (run["status"], run["model"], run["instructions"]) == ("completed", "scripted", "Be brief.")
    assert (run["tools"], run["tool_choice"], run["metadata"]) == ([TOOL], "auto", {})


def test_a_run_keeps_what_its_assistant_was(settings: Settings, idle: Conversation) -> None:
    run = idle.start()
    idle.wire.post(f"/assistants/{idle.assistant}", json={"model": "newer", "instructions": "Changed."})
    with AppServer(create_app(settings)):
        done = idle.until(run, *TERMINAL)
    assert (done["status"], done["model"], done["instructions"]) == ("completed", "scripted", "Be brief.")


def test_an_active_run_locks_its_thread(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL]}])
    run = talk.finish()
    assert run["status"] == "requires_action"
    locked = f"Thread {talk.thread} already has an active run {run['id']}."
    assert _refusal(talk.wire.post(talk.runs, json={"assistant_id": talk.assistant})) == locked
    refused = f"Can't add messages to {talk.thread} while a run {run['id']} is active."
    assert _refusal(talk.wire.post(f"/threads/{talk.thread}/messages", json=_MESSAGE)) == refused
    assert talk.cancel(run).json()["status"] == "cancelled"
    assert talk.wire.post(f"/threads/{talk.thread}/messages", json=_MESSAGE).status_code == 200
    assert talk.finish()["status"] == "completed"


def test_a_refused_run_leaves_no_messages_behind(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL]}])
    talk.finish()
    body = {"assistant_id": talk.assistant, "additional_messages": [_MESSAGE]}
    _refusal(talk.wire.post(talk.runs, json=body))
    assert len(talk.wire.get(f"/threads/{talk.thread}/messages").json()["data"]) == 1


@pytest.mark.parametrize(
    ("answer", "code", "step_code"),
    [
        (
            {"status": 429, "error": {"message": "slow down", "type": "tokens"}, "sticky": True},
            "rate_limit_exceeded",
            None,
        ),
        ({"status": 400, "error": {"message": "no", "code": "content_policy_violation"}}, "invalid_prompt", None),
        ({"status": 401, "error": {"message": "Incorrect API key"}}, "server_error", None),
        ({"text": "one two three", "break_after": 6}, "server_error", "server_error"),
    ],
)
def test_failures_have_the_wires_codes(
    settings: Settings, model_server: ModelServer, answer: dict[str, Any], code: str, step_code: str | None
) -> None:
    model_server.script([answer])
    with talking(replace(settings, model=replace(settings.model, max_retries=0))) as talk:
        run = talk.finish()
        assert (run["status"], run["last_error"]["code"]) == ("failed", code)
        assert answer.get("error", {}).get("message", "") in run["last_error"]["message"]
        assert (run["completed_at"], run["expires_at"]) == (None, None)
        assert run["failed_at"] >= run["started_at"]
        assert [step["last_error"]["code"] for step in talk.steps(run)] == ([step_code] if step_code else [])
        for message in talk.messages(run):
            assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": "run_failed"})


def test_a_run_that_meets_its_token_limit_is_incomplete(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "word " * 400}])
    run = talk.finish(max_completion_tokens=256)
    assert (run["status"], run["incomplete_details"]) == ("incomplete", {"reason": "max_completion_tokens"})
    (message,) = talk.messages(run)
    assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": "max_tokens"})
    assert message["incomplete_at"] is not None
    assert message["content"][0]["text"]["value"].startswith("word word")


def test_usage_is_summed_over_the_rounds(talk: Conversation, model_server: ModelServer) -> None:
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    model_server.script(
        [{"calls": [_CALL], "usage": usage}, {"calls": [_CALL], "usage": usage}, {"text": "x", "usage": usage}]
    )
    run = talk.finish()
    for _time in range(2):
        assert (run["status"], run["usage"]) == ("requires_action", None)
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        queued = talk.submit(run, (call["id"], "ok")).json()
        assert (queued["status"], queued["required_action"]) == ("queued", None)
        run = talk.until(run, *TERMINAL, "requires_action")
    assert (run["status"], run["usage"]) == (
        "completed",
        {"prompt_tokens": 30, "completion_tokens": 15, "total_tokens": 45},
    )
    assert [step["type"] for step in talk.steps(run)] == ["tool_calls", "tool_calls", "message_creation"]
    assert [step["usage"]["total_tokens"] for step in talk.steps(run)] == [15, 15, 15]


def test_tool_outputs_must_be_those_that_were_asked_for(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL, _CALL]}])
    run = talk.finish()
    first, second = (call["id"] for call in run["required_action"]["submit_tool_outputs"]["tool_calls"])
    expected = f"Expected tool outputs for call_ids ['{first}', '{second}'], got "
    assert _refusal(talk.submit(run, (first, "x"))) == f"{expected}['{first}']"
    assert _refusal(talk.submit(run)) == f"{expected}[]"
    assert _refusal(talk.submit(run, (first, "x"), ("call_x", "y"))) == f"{expected}['{first}', 'call_x']"
    assert _refusal(talk.submit(run, (first, "x"), (first, "y"))) == f"{expected}['{first}', '{first}']"
    assert talk.submit(run, (second, "x"), (first, "y")).status_code == 200
    talk.until(run, "completed")
    calls = talk.steps(run)[0]["step_details"]["tool_calls"]
    assert {call["id"]: call["function"]["output"] for call in calls} == {first: "y", second: "x"}
    assert _refusal(talk.submit(run, (first, "x"))) == 'Runs in status "completed" do not accept tool outputs.'


def test_hosted_calls_and_text_are_steps_in_their_order(talk: Conversation, model_server: ModelServer) -> None:
    logs = [{"type": "logs", "logs": "4"}]
    model_server.script([{"code_interpreter": {"code": "2+2", "outputs": logs}, "text": "It is 4."}])
    run = talk.finish(tools=[{"type": "code_interpreter"}])
    assert run["status"] == "completed", run["last_error"]
    called, said = talk.steps(run)
    (call,) = called["step_details"]["tool_calls"]
    assert (called["status"], call["type"], call["code_interpreter"]) == (
        "completed",
        "code_interpreter",
        {"input": "2+2", "outputs": logs},
    )
    assert said["step_details"]["message_creation"]["message_id"] == talk.messages(run)[0]["id"]


def test_what_file_search_found_is_shown_to_those_who_ask(talk: Conversation, model_server: ModelServer) -> None:
    found = {"file_id": "file_1", "filename": "a.txt", "score": 0.5, "text": "the text"}
    model_server.script([{"file_search": {"queries": ["q"], "results": [found]}, "text": "Found."}])
    resources = {"tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}}
    assert (
        talk.wire.post(f"/threads/{talk.thread}", json=resources).json()["tool_resources"]
        == resources["tool_resources"]
    )
    run = talk.finish(tools=[{"type": "file_search"}])
    assert run["status"] == "completed", run["last_error"]
    steps = f"{talk.runs}/{run['id']}/steps"
    asked = "include[]=step_details.tool_calls[*].file_search.results[*].content"
    step = talk.steps(run)[0]

    def results(path: str) -> dict[str, Any]:
        shown = talk.wire.get(path).json()
        shown = shown["data"][-1] if "data" in shown else shown
        return shown["step_details"]["tool_calls"][0]["file_search"]["results"][0]

    for path in (steps, f"{steps}/{step['id']}"):
        assert "content" not in results(path)
        assert results(f"{path}?{asked}")["content"] == [{"type": "text", "text": "the text"}]


def test_cancelling_keeps_what_has_come_so_far(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three four five six", "hang_after": 6}])
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        data = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {"))
        deltas = (event["delta"] for event in data if event["object"] == "thread.message.delta")
        come = [next(deltas)["content"][0]["text"]["value"] for _time in range(2)]
    (run,) = talk.wire.get(talk.runs).json()["data"]
    answer = talk.cancel(run).json()
    assert (answer["status"], answer["cancelled_at"]) == ("cancelling", None)
    run = talk.until(run, "cancelled")
    assert run["cancelled_at"] >= run["started_at"]
    (message,) = talk.messages(run)
    assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": "run_cancelled"})
    assert message["content"][0]["text"]["value"] == "".join(come) == "one two"
    (step,) = talk.steps(run)
    assert (step["status"], step["cancelled_at"]) == ("cancelled", run["cancelled_at"])


def test_a_queued_run_is_cancelled_at_once(idle: Conversation) -> None:
    run = idle.start()
    assert idle.cancel(run).json()["status"] == "cancelled"
    assert _refusal(idle.cancel(run)) == "Cannot cancel run with status 'cancelled'."


def test_a_waiting_run_expires_when_somebody_looks(settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL], "sticky": True}])
    with talking(replace(settings, run_expiry=300)) as talk:
        run = talk.finish()
        assert (run["status"], run["expires_at"]) == ("requires_action", run["started_at"] + 300)
        talk.let_expire(run)
        listed = talk.wire.get(talk.runs).json()["data"][0]
        assert (listed["status"], listed["required_action"]) == ("expired", None)
        assert listed["expires_at"] == run["expires_at"]
        assert talk.steps(run)[0]["status"] == "expired"
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        refused = talk.submit(run, (call["id"], "x"))
        assert _refusal(refused) == 'Runs in status "expired" do not accept tool outputs.'
        # The thread is free, also if the run has not been read before.
        second = talk.finish()
        talk.let_expire(second)
        assert talk.wire.post(f"/threads/{talk.thread}/messages", json=_MESSAGE).status_code == 200
        assert talk.read(second)["status"] == "expired"


def test_a_run_at_work_expires_with_what_has_come_so_far(either: Settings, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    with talking(replace(either, run_expiry=3)) as talk:
        run = talk.finish()
        assert run["status"] == "expired"
        (message,) = talk.messages(run)
        assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": "run_expired"})
        assert message["content"][0]["text"]["value"].startswith("one")


def test_a_queued_run_expires(settings: Settings) -> None:
    with talking(replace(settings, concurrent_runs=0, run_expiry=1)) as talk:
        run = talk.finish()
        assert (run["status"], run["started_at"]) == ("expired", None)


def test_deleting_a_thread_takes_its_active_run_along(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    run = talk.start()
    wait_for(lambda: talk.messages(run))
    assert talk.wire.delete(f"/threads/{talk.thread}").json()["deleted"]
    for path in ("messages", "runs", f"runs/{run['id']}", f"runs/{run['id']}/steps"):
        assert talk.wire.get(f"/threads/{talk.thread}/{path}").status_code == 404


def test_a_run_whose_assistant_is_gone_before_it_starts_fails(settings: Settings, idle: Conversation) -> None:
    run = idle.start()
    idle.wire.delete(f"/assistants/{idle.assistant}")
    with AppServer(create_app(settings)):
        failed = idle.until(run, *TERMINAL)
    assert (failed["status"], failed["last_error"]["code"]) == ("failed", "server_error")
    assert f"'{idle.assistant}' was deleted before the run started" in failed["last_error"]["message"]


def test_deleting_an_assistant_leaves_threads_and_runs(talk: Conversation) -> None:
    run = talk.finish()
    talk.wire.delete(f"/assistants/{talk.assistant}")
    assert talk.read(run) == run
    assert talk.messages(run)[0]["assistant_id"] == talk.assistant


def test_the_server_names_the_polling_interval(idle: Conversation) -> None:
    created = idle.wire.post(idle.runs, json={"assistant_id": idle.assistant})
    assert 0 < int(created.headers["openai-poll-after-ms"]) <= 1000
    path = f"{idle.runs}/{created.json()['id']}"
    assert "openai-poll-after-ms" in idle.wire.get(path).headers
    idle.wire.post(f"{path}/cancel")
    assert "openai-poll-after-ms" not in idle.wire.get(path).headers


def test_metadata_changes_while_a_run_is_at_work_stay(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three four", "hold_after": 6}])
    run = talk.start()
    wait_for(lambda: talk.messages(run))
    talk.wire.post(f"{talk.runs}/{run['id']}", json={"metadata": {"note": "x"}})
    message = talk.messages(run)[0]["id"]
    talk.wire.post(f"/threads/{talk.thread}/messages/{message}", json={"metadata": {"note": "y"}})
    model_server.release()
    assert talk.until(run, "completed")["metadata"] == {"note": "x"}
    assert talk.messages(run)[0]["metadata"] == {"note": "y"}


@pytest.mark.parametrize(
    "path", ["/threads/%00", "/threads/%00/runs/{run}", "/threads/%00/runs/{run}/steps/{step}", "/threads/%00/messages"]
)
def test_no_object_has_an_id_with_a_null_character(talk: Conversation, path: str) -> None:
    run = talk.finish()
    (step,) = talk.steps(run)
    assert talk.wire.get(path.format(run=run["id"], step=step["id"])).status_code == 404
