# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""autogen-ext: `OpenAIAssistantAgent` with a tool and files."""

from __future__ import annotations

import asyncio
import os
import tempfile

import openai
from autogen_agentchat.messages import TextMessage
from autogen_core import CancellationToken
from autogen_ext.agents.openai import OpenAIAssistantAgent


def get_weather(city: str) -> str:
    """Return the weather of a city."""
    return f"sunny in {city}"


async def main() -> None:
    client = openai.AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["TOKEN"])
    agent = OpenAIAssistantAgent(
        name="guide", description="A guide", client=client, model="m", instructions="Be brief.", tools=[get_weather]
    )
    cancellation = CancellationToken()

    async def ask(text: str, asked: OpenAIAssistantAgent) -> str:
        answer = await asked.on_messages([TextMessage(source="user", content=text)], cancellation)
        return answer.chat_message.content

    assert await ask("Hello", agent) == "Reply to: Hello"
    print("ok poll")
    assert await ask("weather in Oslo", agent) == "Reply to: weather in Oslo"
    print("ok tools")
    await agent.delete_assistant(cancellation)

    with tempfile.NamedTemporaryFile("w", suffix=".md") as file:
        file.write("the fan of oslo is dusty")
        file.flush()
        searching = OpenAIAssistantAgent(
            name="guide", description="A guide", client=client, model="m", instructions="x", tools=["file_search"]
        )
        await searching.on_upload_for_file_search([file.name], cancellation)
        assert await ask("dusty fan", searching)
        await searching.delete_uploaded_files(cancellation)
        await searching.delete_vector_store(cancellation)
        await searching.delete_assistant(cancellation)
        coding = OpenAIAssistantAgent(
            name="guide", description="A guide", client=client, model="m", instructions="x", tools=["code_interpreter"]
        )
        await coding.on_upload_for_code_interpreter([file.name], cancellation)
    print("ok files")


asyncio.run(main())
