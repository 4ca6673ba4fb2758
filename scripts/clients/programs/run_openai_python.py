# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""openai-python: poll, stream, event handlers, tools, and files."""

from __future__ import annotations

import os

import openai
from typing_extensions import override

client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["TOKEN"])
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
assistant = client.beta.assistants.create(model="m", name="Guide", instructions="Be brief.", tools=[TOOL])


def new_thread(text: str) -> str:
    return client.beta.threads.create(messages=[{"role": "user", "content": text}]).id


def reply(thread_id: str) -> str:
    (newest, *_others) = client.beta.threads.messages.list(thread_id)
    return newest.content[0].text.value


thread = new_thread("Hello")
run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=assistant.id)
assert (run.status, reply(thread)) == ("completed", "Reply to: Hello"), run
print("ok poll")

thread = new_thread("Tell me")
with client.beta.threads.runs.stream(thread_id=thread, assistant_id=assistant.id) as stream:
    text = "".join(stream.text_deltas)
assert text == "Reply to: Tell me", text
print("ok stream")


class Handler(openai.AssistantEventHandler):
    seen: list[str]
    text = ""

    def __init__(self) -> None:
        super().__init__()
        self.seen = []

    @override
    def on_event(self, event) -> None:
        self.seen.append(event.event)
        if event.event == "thread.run.requires_action":
            run = event.data
            calls = run.required_action.submit_tool_outputs.tool_calls
            outputs = [{"tool_call_id": call.id, "output": "sunny"} for call in calls]
            following = Handler()
            with client.beta.threads.runs.submit_tool_outputs_stream(
                thread_id=run.thread_id, run_id=run.id, tool_outputs=outputs, event_handler=following
            ) as stream:
                stream.until_done()
            self.seen += following.seen
            self.text += following.text

    @override
    def on_text_delta(self, delta, snapshot) -> None:
        self.text += delta.value


handler = Handler()
with client.beta.threads.runs.stream(
    thread_id=new_thread("weather in Oslo"), assistant_id=assistant.id, event_handler=handler
) as stream:
    stream.until_done()
assert handler.text == "Reply to: weather in Oslo", handler.text
assert handler.seen[-1] == "thread.run.completed", handler.seen
print("ok event handlers")

thread = new_thread("weather in Bergen")
run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=assistant.id)
assert run.status == "requires_action", run
calls = run.required_action.submit_tool_outputs.tool_calls
assert calls[0].function.arguments == '{"city": "Oslo"}', calls
run = client.beta.threads.runs.submit_tool_outputs_and_poll(
    thread_id=thread, run_id=run.id, tool_outputs=[{"tool_call_id": calls[0].id, "output": "rain"}]
)
assert run.status == "completed", run
steps = client.beta.threads.runs.steps.list(run_id=run.id, thread_id=thread, order="asc").data
assert [step.type for step in steps] == ["tool_calls", "message_creation"], steps
print("ok tools")

file = client.files.create(file=("runbook.md", b"the fan of oslo is dusty"), purpose="assistants")
store = client.vector_stores.create(name="runbooks", file_ids=[file.id])
searching = client.beta.assistants.create(
    model="m", tools=[{"type": "file_search"}], tool_resources={"file_search": {"vector_store_ids": [store.id]}}
)
thread = new_thread("dusty fan")
run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=searching.id)
assert run.status == "completed", run
(step, *_others) = client.beta.threads.runs.steps.list(
    run_id=run.id,
    thread_id=thread,
    order="asc",
    include=["step_details.tool_calls[*].file_search.results[*].content"],
).data
assert step.step_details.tool_calls[0].file_search.results[0].file_id == file.id, step
thread = client.beta.threads.create(
    messages=[
        {
            "role": "user",
            "content": "dusty",
            "attachments": [{"file_id": file.id, "tools": [{"type": "file_search"}]}],
        }
    ]
)
assert thread.tool_resources.file_search.vector_store_ids, thread
print("ok files")

client.beta.assistants.delete(assistant.id)
client.beta.threads.delete(thread.id)
print("ok delete")
