# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""azure-ai-agents: polling, streams, functions that are called automatically, and files."""

from __future__ import annotations

import io
import os

from azure.ai.agents import AgentsClient
from azure.ai.agents.models import (
    FilePurpose,
    FileSearchTool,
    FunctionTool,
    ListSortOrder,
    MessageRole,
    ToolSet,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy

key = AzureKeyCredential(os.environ["TOKEN"])
client = AgentsClient(
    endpoint=f"{os.environ['ROOT']}/api/projects/mine",
    credential=key,
    authentication_policy=AzureKeyCredentialPolicy(key, "api-key"),
)


def get_weather(city: str) -> str:
    """Return the weather of a city.

    :param city: The city.
    """
    return f"sunny in {city}"


def reply(thread_id: str) -> str:
    return client.messages.get_last_message_text_by_role(thread_id=thread_id, role=MessageRole.AGENT).text.value


with client:
    agent = client.create_agent(model="m", name="Guide", instructions="Be brief.")
    thread = client.threads.create()
    client.messages.create(thread_id=thread.id, role="user", content="Hello")
    run = client.runs.create_and_process(thread_id=thread.id, agent_id=agent.id, polling_interval=0.1)
    assert (run.status, reply(thread.id)) == ("completed", "Reply to: Hello"), run
    print("ok poll")
    client.messages.create(thread_id=thread.id, role="user", content="Tell me")
    text = ""
    with client.runs.stream(thread_id=thread.id, agent_id=agent.id) as stream:
        for event_type, data, _result in stream:
            if event_type == "thread.message.delta":
                text += data.text
    assert text == "Reply to: Tell me", text
    print("ok stream")
    toolset = ToolSet()
    toolset.add(FunctionTool({get_weather}))
    client.enable_auto_function_calls(toolset)
    calling = client.create_agent(model="m", name="Caller", instructions="Be brief.", toolset=toolset)
    client.messages.create(thread_id=thread.id, role="user", content="weather in Oslo")
    run = client.runs.create_and_process(
        thread_id=thread.id, agent_id=calling.id, toolset=toolset, polling_interval=0.1
    )
    assert (run.status, reply(thread.id)) == ("completed", "Reply to: weather in Oslo"), run
    assert len(list(client.run_steps.list(thread_id=thread.id, run_id=run.id))) == 2
    print("ok tools")
    file = client.files.upload_and_poll(
        file=io.BytesIO(b"the fan of oslo is dusty"),
        filename="runbook.md",
        purpose=FilePurpose.AGENTS,
        polling_interval=0.1,
    )
    store = client.vector_stores.create_and_poll(name="runbooks", file_ids=[file.id], polling_interval=0.1)
    search = FileSearchTool(vector_store_ids=[store.id])
    searching = client.create_agent(model="m", name="S", tools=search.definitions, tool_resources=search.resources)
    run = client.create_thread_and_process_run(
        agent_id=searching.id,
        thread={"messages": [{"role": "user", "content": "dusty fan"}]},
        polling_interval=0.1,
    )
    assert run.status == "completed", run
    client.vector_stores.delete(store.id)
    client.files.delete(file.id)
    print("ok files")
    oldest = next(iter(client.messages.list(thread_id=thread.id, order=ListSortOrder.ASCENDING)))
    assert oldest.text_messages[0].text.value == "Hello", oldest
    assert thread.id in [each.id for each in client.threads.list()]
    client.threads.delete(thread.id)
    for each in (agent, calling, searching):
        client.delete_agent(each.id)
    print("ok delete")
