# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""agency-swarm 0.7: an agency of two agents with a tool and files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import openai
from agency_swarm import Agency, Agent, BaseTool, set_openai_client
from pydantic import Field

os.chdir(tempfile.mkdtemp())
client = openai.OpenAI(
    base_url=os.environ["BASE_URL"],
    api_key=os.environ["TOKEN"],
    default_headers={"OpenAI-Beta": "assistants=v2"},
)
set_openai_client(client)


class get_weather(BaseTool):  # the name of the function
    """Return the weather of a city."""

    city: str = Field(..., description="The city")

    def run(self) -> str:
        return f"sunny in {self.city}"


folder = Path("runbooks")
folder.mkdir()
(folder / "runbook.md").write_text("the fan of oslo is dusty")
boss = Agent(name="Boss", description="Leads", instructions="Be brief.", model="m", tools=[get_weather])
clerk = Agent(
    name="Clerk", description="Searches", instructions="Search.", model="m", files_folder=str(folder.resolve())
)
agency = Agency([boss, [boss, clerk]], temperature=0.5)
assert agency.get_completion("Hello") == "Reply to: Hello"
print("ok poll")
assert agency.get_completion("weather in Oslo") == "Reply to: weather in Oslo"
print("ok tools")
assert agency.get_completion("ask the clerk") == "Reply to: ask the clerk"
print("ok messages between agents")
assert clerk.tool_resources["file_search"]["vector_store_ids"], clerk.tool_resources
print("ok files")
