# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""langchain-classic: `OpenAIAssistantRunnable`, alone and as an agent with tools."""

from __future__ import annotations

import os

import openai
from langchain_classic.agents import AgentExecutor
from langchain_classic.agents.openai_assistant import OpenAIAssistantRunnable
from langchain_core.tools import tool

client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["TOKEN"])
options = {"name": "Guide", "instructions": "Be brief.", "model": "m", "client": client}


@tool
def get_weather(city: str) -> str:
    """Return the weather of a city."""
    return f"sunny in {city}"


assistant = OpenAIAssistantRunnable.create_assistant(tools=[], **options)
(message,) = assistant.invoke({"content": "Hello"})
assert message.content[0].text.value == "Reply to: Hello", message
(message,) = assistant.invoke({"content": "Again", "thread_id": message.thread_id})
assert message.content[0].text.value == "Reply to: Again", message
print("ok poll")

agent = OpenAIAssistantRunnable.create_assistant(tools=[get_weather], as_agent=True, **options)
executor = AgentExecutor(agent=agent, tools=[get_weather])
answer = executor.invoke({"content": "weather in Oslo"})
assert answer["output"] == "Reply to: weather in Oslo", answer
print("ok tools")

file = client.files.create(file=("runbook.md", b"the fan of oslo is dusty"), purpose="assistants")
searching = OpenAIAssistantRunnable.create_assistant(tools=[{"type": "file_search"}], **options)
attachments = [{"file_id": file.id, "tools": [{"type": "file_search"}]}]
(message, *_others) = searching.invoke({"content": "dusty fan", "attachments": attachments})
assert message.content[0].text.value, message
print("ok files")
