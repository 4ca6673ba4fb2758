# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_tool_call
short_description: Decide whether a tool call of a model is allowed
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Decides whether a function call that a run waits for is allowed on the host of the task. With O(confirm=true), the
    task asks a person on the terminal of the playbook. It does not run the tool.
  - The question is asked for each host and each call, and contains the host, the tool and the arguments. Control
    characters, invisible and combining characters, and letters of scripts that are written from right to left are
    displayed as escape sequences such as C(\u001b).
  - The answers are V(yes), V(no), V(always) and V(stop), or their first letters. V(always) allows all further calls of
    this tool on this host until the play ends. V(stop) and Ctrl+C fail the task. Keys that are typed before the
    question appears are discarded.
  - If no one can answer, the call is not allowed. This is the case if standard input is not a terminal, if the playbook
    runs in the background, in AWX, with ansible-runner, and if the run expires before there is an answer.
  - The role P(threadworks.openai.run#role) uses this module.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.options.openai_tool_call
attributes:
  check_mode:
    description: Can run in C(check_mode). No question is asked, and no call is allowed.
  diff_mode:
    description: Will return details on what has changed.
    support: none
    details: Nothing is changed.
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details: Only the process of the playbook can access its terminal.
  local_action:
    description: Where the task runs.
    support: full
    details: On the control node. The connection to the task's host is not used.
seealso:
  - module: threadworks.openai.openai_run
"""

EXAMPLES = r"""
- name: Ask a person to confirm a call
  threadworks.openai.openai_tool_call:
    name: "{{ call.function.name }}"
    arguments: "{{ call.function.arguments }}"
    problem: "{{ call.function.problem }}"
    id: "{{ call.id }}"
    tasks: folder_sizes.yml
    confirm: true
  register: decision

- name: Run the tool
  ansible.builtin.command:
    argv: [du, -s, --, "{{ call.function.arguments.path }}"]
  when: decision.allowed
"""

RETURN = r"""
allowed:
  description: Whether the call is allowed.
  type: bool
  returned: success
  sample: false
id:
  description: The value of O(id).
  type: str
  returned: success
  sample: call_8hTqPzXw2mVbN4
problem:
  description: The reason why the call is not allowed, as a text for the model. Null if the call is allowed.
  type: str
  returned: success
  sample: The operator did not allow the tool folder_sizes.
answer:
  description: V(yes), V(no), V(always) or V(stop). V(nobody) if no one could answer. Null if no question was asked.
  type: str
  returned: success
  sample: "no"
"""
