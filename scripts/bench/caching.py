# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The share of a prompt that a small local model takes from its cache in the later runs of a thread."""

from __future__ import annotations

import fnmatch
import json
import sys

from arena import ROOT, Arena
from figures import Figure, Goal

_NAME = "tokens of the prompt that llama.cpp takes from its cache, third run of a thread"
_HOME = ROOT / "build" / "local-model"
_INSTRUCTIONS = "You explain network faults to operators. " * 8
_PLAY = """
    - ansible.builtin.include_role:
        name: threadworks.openai.local_model
      vars:
        local_model_home: %(home)s
    - threadworks.openai.openai_assistant:
        name: bench
        model: "{{ local_model_name }}"
        instructions: "%(instructions)s"
        reasoning_effort: none
      register: assistant
    - threadworks.openai.openai_run:
        base_url: "{{ local_model_base_url }}"
        api_key: "{{ local_model_api_key }}"
        thread_id: "{{ threads.thread_id }}"
        assistant_id: "{{ assistant.assistant_id }}"
        additional_messages:
          - content: "{{ item }}"
        max_completion_tokens: 256
        details: true
      loop: ["What is a switch?", "What is a router?", "What is a cable?"]
      register: runs
      # Small models often write until the limit.
      failed_when: false
    - ansible.builtin.copy:
        content: "{{ runs.results | map(attribute='details') | to_json }}"
        dest: %(file)s
        mode: "0600"
"""
_THREAD = """
    - threadworks.openai.openai_thread:
        key: bench
      register: threads
"""


def measure(_rounds: int, only: str) -> list[Figure]:
    """Measure the selected figure. The first measurement downloads the model."""
    if not fnmatch.fnmatch(_NAME, only):
        return []
    print(_NAME, file=sys.stderr)
    with Arena() as arena:
        file = arena.folder / "details.json"
        values = {"home": _HOME, "instructions": _INSTRUCTIONS.strip(), "file": file}
        arena.seconds(arena.playbook("caching", _THREAD + _PLAY % values))
        last = json.loads(file.read_text())[-1]
    share = 100 * (last["cached_tokens"] or 0) / last["input_tokens"]
    return [Figure(_NAME, "%", [share], Goal(70, at_least=True))]
