# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All 23 operations of the wire, driven by the official SDK, which checks each answer against its types."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Served,
    sdk,
    told_by_requests,
    wait_for,
)
from ansible_collections.threadworks.openai.tests.stores import new_store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

_TOOL = {
    "type": "function",
    "function": {"name": "disk", "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}},
}


@pytest.fixture(scope="module")
def model_server() -> Iterator[ModelServer]:
    """One for all tests here, as the runtimes are."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="module", params=["local", "served", "processes", "postgresql"])
def any_client(
    request: pytest.FixtureRequest, model_server: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[openai.OpenAI]:
    """The SDK on a local runtime with a socket in the file system, on a served one, and on two server processes."""
    folder = tmp_path_factory.mktemp("runtime")
    if request.param == "postgresql":
        with new_store("postgresql", request, folder) as store:
            settings = Settings(store=store, model=ModelOptions(base_url=model_server.base_url), executor="served")
            with AppServer(create_app(settings)) as server, sdk(server) as client:
                yield client
        return
    store = str(folder / "runtime.db")
    if request.param == "processes":
        with Served(store, model_server.base_url, "--workers", "2") as served, served.sdk() as client:
            yield client
        return
    socket = folder / "socket" if request.param == "local" else None
    model = ModelOptions(base_url=model_server.base_url)
    settings, told = told_by_requests(Settings(store=store, model=model, executor=request.param))
    with AppServer(create_app(settings), socket) as server, sdk(server, default_headers=told) as client:
        yield client


def test_assistants(any_client: openai.OpenAI) -> None:
    assistants = any_client.beta.assistants
    made = assistants.create(
        model="scripted",
        name="Helper",
        description="helps",
        instructions="Help.",
        tools=[
            {"type": "code_interpreter"},
            {"type": "file_search", "file_search": {"max_num_results": 3}},
            {"type": "function", "function": {"name": "disk", "strict": True}},
        ],
        tool_resources={"code_interpreter": {"file_ids": ["file_1"]}, "file_search": {"vector_store_ids": ["vs_1"]}},
        metadata={"team": "ops"},
        temperature=0.5,
        top_p=0.9,
        response_format={"type": "json_object"},
        reasoning_effort="low",
    )
    assert made.id.startswith("asst_")
    assert made.id[5:].isalnum()
    assert (made.name, made.description, made.instructions) == ("Helper", "helps", "Help.")
    assert (made.temperature, made.top_p, made.metadata) == (0.5, 0.9, {"team": "ops"})
    assert made.tool_resources.file_search.vector_store_ids == ["vs_1"]
    assert [tool.type for tool in made.tools] == ["code_interpreter", "file_search", "function"]
    assert assistants.retrieve(made.id) == made

    changed = assistants.update(made.id, name=None, temperature=None, tools=[])
    assert (changed.name, changed.temperature, changed.tools) == (None, 1, [])
    assert (changed.model, changed.instructions, changed.metadata) == ("scripted", "Help.", {"team": "ops"})
    assert assistants.update(made.id) == changed
    assert made.id in [found.id for found in assistants.list()]

    deleted = assistants.delete(made.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (made.id, "assistant.deleted", True)
    with pytest.raises(openai.NotFoundError, match=f"No assistant found with id '{made.id}'."):
        assistants.retrieve(made.id)


def test_threads_and_messages(any_client: openai.OpenAI) -> None:
    threads = any_client.beta.threads
    empty = threads.create()
    assert (empty.metadata, empty.object) == ({}, "thread")
    thread = threads.create(
        messages=[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two", "metadata": {"n": "2"}}],
        tool_resources={"code_interpreter": {"file_ids": ["file_1"]}},
        metadata={"topic": "disks"},
    )
    assert threads.retrieve(thread.id) == thread
    assert threads.update(thread.id, metadata={"topic": "cpus"}).metadata == {"topic": "cpus"}

    messages = threads.messages
    third = messages.create(
        thread.id,
        role="user",
        content=[
            {"type": "text", "text": "three"},
            {"type": "image_url", "image_url": {"url": "https://example.com/x.png", "detail": "low"}},
            {"type": "image_file", "image_file": {"file_id": "file_2"}},
        ],
        attachments=[{"file_id": "file_3", "tools": [{"type": "code_interpreter"}]}],
    )
    assert (third.status, third.thread_id, third.run_id, third.assistant_id) == ("completed", thread.id, None, None)
    assert third.content[0].text.value == "three"
    assert third.content[2].image_file.detail == "auto"
    assert [part.content[0].text.value for part in messages.list(thread.id, order="asc")] == ["one", "two", "three"]
    assert messages.retrieve(third.id, thread_id=thread.id) == third
    assert messages.update(third.id, thread_id=thread.id, metadata={"seen": "yes"}).metadata == {"seen": "yes"}
    assert messages.delete(third.id, thread_id=thread.id).object == "thread.message.deleted"
    assert len(messages.list(thread.id).data) == 2

    assert threads.delete(thread.id).object == "thread.deleted"
    with pytest.raises(openai.NotFoundError, match=f"No thread found with id '{thread.id}'."):
        messages.list(thread.id)


def test_a_run(any_client: openai.OpenAI) -> None:
    beta = any_client.beta
    assistant = beta.assistants.create(model="scripted", instructions="Be brief.")
    thread = beta.threads.create(messages=[{"role": "user", "content": "Hello"}])
    run = beta.threads.runs.create_and_poll(
        thread_id=thread.id, assistant_id=assistant.id, additional_instructions="In Latin.", metadata={"try": "1"}
    )
    assert run.status == "completed"
    assert (run.instructions, run.model, run.metadata) == ("Be brief.\n\nIn Latin.", "scripted", {"try": "1"})
    assert run.usage.total_tokens == run.usage.prompt_tokens + run.usage.completion_tokens > 0
    assert (run.required_action, run.last_error, run.incomplete_details, run.expires_at) == (None, None, None, None)
    assert run.created_at <= run.started_at <= run.completed_at

    (message,) = beta.threads.messages.list(thread.id, run_id=run.id)
    assert (message.role, message.status, message.assistant_id) == ("assistant", "completed", assistant.id)
    assert message.content[0].text.value == "Reply to: Hello"
    (step,) = beta.threads.runs.steps.list(run.id, thread_id=thread.id)
    assert (step.type, step.status) == ("message_creation", "completed")
    assert step.usage.model_dump() == run.usage.model_dump()
    assert step.step_details.message_creation.message_id == message.id
    assert beta.threads.runs.steps.retrieve(step.id, thread_id=thread.id, run_id=run.id) == step

    assert [found.id for found in beta.threads.runs.list(thread.id)] == [run.id]
    changed = beta.threads.runs.update(run.id, thread_id=thread.id, metadata={"try": "2"})
    assert beta.threads.runs.retrieve(run.id, thread_id=thread.id) == changed
    assert changed.metadata == {"try": "2"}


def test_function_calls(any_client: openai.OpenAI, model_server: ModelServer) -> None:
    threads = any_client.beta.threads
    assistant = any_client.beta.assistants.create(model="scripted", tools=[_TOOL])
    model_server.script(
        [
            {"reasoning": True, "calls": [{"name": "disk", "arguments": {"path": path}} for path in ("/", "/home")]},
            {"text": "Both are fine."},
        ]
    )
    run = threads.create_and_run_poll(
        assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "How full are the disks?"}]}
    )
    assert run.status == "requires_action"
    calls = run.required_action.submit_tool_outputs.tool_calls
    assert [call.function.arguments for call in calls] == ['{"path": "/"}', '{"path": "/home"}']
    (waiting,) = threads.runs.steps.list(run.id, thread_id=run.thread_id)
    assert (waiting.status, waiting.usage) == ("in_progress", None)
    assert [call.function.output for call in waiting.step_details.tool_calls] == [None, None]

    run = threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id,
        thread_id=run.thread_id,
        tool_outputs=[{"tool_call_id": call.id, "output": "42%"} for call in calls],
    )
    assert run.status == "completed", run.last_error
    called, said = threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc")
    assert (called.type, called.status, said.type) == ("tool_calls", "completed", "message_creation")
    assert [call.function.output for call in called.step_details.tool_calls] == ["42%", "42%"]
    assert run.usage.total_tokens == called.usage.total_tokens + said.usage.total_tokens


def test_cancelling(any_client: openai.OpenAI, model_server: ModelServer) -> None:
    runs = any_client.beta.threads.runs
    assistant = any_client.beta.assistants.create(model="scripted")
    model_server.script([{"hang": True}])
    earlier = len(model_server.runs)
    run = any_client.beta.threads.create_and_run(assistant_id=assistant.id)
    # Otherwise, its request could take an answer of the next test.
    wait_for(lambda: len(model_server.runs) > earlier)
    assert runs.retrieve(run.id, thread_id=run.thread_id).status == "in_progress"
    assert runs.cancel(run.id, thread_id=run.thread_id).status == "cancelling"
    run = runs.poll(run.id, thread_id=run.thread_id)
    assert run.status == "cancelled"
    assert run.cancelled_at >= run.started_at
    with pytest.raises(openai.BadRequestError, match="Cannot cancel run with status 'cancelled'"):
        runs.cancel(run.id, thread_id=run.thread_id)


def test_streaming(any_client: openai.OpenAI, model_server: ModelServer) -> None:
    assistant = any_client.beta.assistants.create(model="scripted", tools=[_TOOL])
    model_server.script([{"calls": [{"name": "disk", "arguments": {"path": "/"}}]}, {"text": "It is half full."}])
    with any_client.beta.threads.create_and_run_stream(assistant_id=assistant.id) as stream:
        stream.until_done()
        run = stream.current_run
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    with any_client.beta.threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=[{"tool_call_id": call.id, "output": "50%"}]
    ) as stream:
        assert "".join(stream.text_deltas) == "It is half full."
        assert stream.get_final_run().status == "completed"
        assert stream.get_final_messages()[0].content[0].text.value == "It is half full."
    with any_client.beta.threads.runs.stream(
        assistant_id=assistant.id, thread_id=run.thread_id, additional_messages=[{"role": "user", "content": "And?"}]
    ) as stream:
        assert "".join(stream.text_deltas) == "Reply to: And?"
        assert [step.type for step in stream.get_final_run_steps()] == ["message_creation"]
