# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What a run is asked with, and how a task with a run behaves: the same options for both run modules.
    DOCUMENTATION = r"""
options:
  assistant_id:
    description: The assistant that runs, by its id or its name. Required to make a run.
    type: str
  key:
    description:
      - Makes the identity of the run explicit. The run of a key is reused as long as its parameters do not change, also
        when messages have been added to the thread.
      - Without a key the identity is what the task gives.
    type: str
  model:
    description: The model, instead of the assistant's.
    type: str
  instructions:
    description: The instructions, instead of the assistant's.
    type: str
  tools:
    description:
      - The tools that the model may use, instead of the assistant's; at most 20.
      - Each has a C(type) of V(function), V(code_interpreter) or V(file_search), as on the Assistants wire.
      - Hosted tools work where the model server has them.
      - JSON in a string is taken too, such as the text of a file.
    type: list
    elements: dict
  tool_choice:
    description:
      - Which tool the model has to call. V(none), V(auto), V(required), or a dictionary with a C(type) of V(function),
        V(code_interpreter) or V(file_search). For a function, C(function.name) says which.
    type: raw
  parallel_tool_calls:
    description: Whether the model may call several functions at once.
    type: bool
  temperature:
    description:
      - How varied the reply is, from 0 to 2.
      - Reasoning models take it only with a reasoning effort of V(none).
    type: float
  top_p:
    description: The share of probability that words are taken from, from 0 to 1.
    type: float
  max_prompt_tokens:
    description: The most tokens of the thread that are sent, at least 256.
    type: int
  max_completion_tokens:
    description: The most tokens that the model may write, at least 256. A run that reaches it ends as C(incomplete).
    type: int
  truncation_strategy:
    description: What is sent of a thread that is too long.
    type: dict
    suboptions:
      type:
        description:
          - V(auto) leaves out messages from the middle until the thread fits; V(last_messages) sends the newest ones.
        type: str
        choices: [auto, last_messages]
        required: true
      last_messages:
        description: How many messages V(last_messages) sends, at least 1.
        type: int
  response_format:
    description:
      - The form of the reply. V(auto), or a dictionary with a C(type) of V(text), V(json_object) or V(json_schema).
      - With V(json_schema), C(json_schema) has a C(name) and a C(schema), which can be written as YAML.
      - A reply in a JSON format is returned parsed, as RV(ignore:output).
      - JSON in a string is taken too.
    type: raw
  metadata:
    description:
      - Up to 13 pairs to keep with the run. A changed set of pairs is updated in place, without a new run.
      - Keys that start with V(ansible_) are the collection's own.
    type: dict
  force:
    description: Always make a new run.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the run has ended or needs an action. If V(false), the run goes on behind the task.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait for the run, in seconds.
      - A run that takes longer goes on. Running the task again waits for it again.
    type: float
    default: 600
  progress:
    description: Whether to show the run's progress, if there is a terminal.
    type: bool
    default: true
  steps:
    description: Whether to return the steps of the run too.
    type: bool
    default: false
  fail_on:
    description: The statuses of a run that fail the task.
    type: list
    elements: str
    choices: [failed, expired, cancelled, incomplete, requires_action]
    default: [failed, expired, cancelled, incomplete]
"""
