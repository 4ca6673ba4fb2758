# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""semantic-kernel: `OpenAIAssistantAgent`, or `AzureAssistantAgent` with the argument `azure`."""

from __future__ import annotations

import asyncio
import os
import sys

import openai
from semantic_kernel.agents import AssistantAgentThread, AzureAssistantAgent, OpenAIAssistantAgent
from semantic_kernel.functions import kernel_function


class Weather:
    @kernel_function(name="get_weather", description="Return the weather of a city.")
    def get_weather(self, city: str) -> str:
        return f"sunny in {city}"


async def main() -> None:
    agents: type[OpenAIAssistantAgent] = OpenAIAssistantAgent
    client = OpenAIAssistantAgent.create_client(
        api_key=os.environ["TOKEN"], ai_model_id="m", base_url=os.environ["BASE_URL"]
    )
    if "azure" in sys.argv:
        agents = AzureAssistantAgent
        # `create_client` only accepts an endpoint with https.
        client = openai.AsyncAzureOpenAI(
            azure_endpoint=os.environ["ROOT"], api_key=os.environ["TOKEN"], api_version="2025-03-01-preview"
        )
    definition = await client.beta.assistants.create(model="m", name="Guide", instructions="Be brief.")
    agent = agents(client=client, definition=definition, plugins=[Weather()])
    answer = await agent.get_response(messages="Hello")
    assert str(answer) == "Reply to: Hello", answer
    print("ok poll")
    text = ""
    async for part in agent.invoke_stream(messages="Tell me", thread=answer.thread):
        text += str(part)
    assert text == "Reply to: Tell me", text
    print("ok stream")
    answer = await agent.get_response(messages="plugin weather in Oslo")
    assert str(answer) == "Reply to: plugin weather in Oslo", answer
    print("ok tools")
    text = ""
    async for part in agent.invoke_stream(messages="plugin weather in Bergen"):
        text += str(part)
    assert text == "Reply to: plugin weather in Bergen", text
    print("ok tools in a stream")
    file = await client.files.create(file=("runbook.md", b"the fan of oslo is dusty"), purpose="assistants")
    store = await client.vector_stores.create(name="runbooks", file_ids=[file.id])
    tools, resources = agents.configure_file_search_tool(store.id)
    definition = await client.beta.assistants.create(model="m", tools=tools, tool_resources=resources)
    searching = agents(client=client, definition=definition)
    thread = AssistantAgentThread(client=client)
    answer = await searching.get_response(messages="dusty fan", thread=thread)
    assert str(answer), answer
    await thread.delete()
    print("ok files")


asyncio.run(main())
