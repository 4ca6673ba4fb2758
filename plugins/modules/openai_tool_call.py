# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_tool_call
short_description: Decide whether a tool call of a model may be carried out
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Decides whether a function call that a run waits for may be carried out on the task's host. With O(confirm=true), it
    asks a person at the terminal of the playbook. It carries out nothing itself.
  - The person is asked for each host and each call, and sees the host, the tool and the arguments. Control characters,
    invisible and combining characters, and letters of scripts that are written from right to left appear as escape
    sequences such as C(\u001b).
  - The answers are V(yes) and V(no); V(always), which allows every further call of this tool on this host until the
    play ends; and V(stop), which fails the task. They can be shortened to their first letter. Ctrl+C means V(stop).
    What is typed before the question appears is discarded.
  - A call is not allowed if no one can answer, that is, if standard input is not a terminal, if the playbook runs in
    the background, in AWX and with ansible-runner, and if the run expires before there is an answer.
  - The role P(threadworks.openai.run#role) uses this module.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.options.openai_tool_call
attributes:
  check_mode:
    description: Can run in C(check_mode). Nobody is asked, and no call is allowed.
  diff_mode:
    description: Will return details on what has changed.
    support: none
    details: Nothing is changed.
  action_group:
    description: This module is not in an action group.
    support: none
    membership: []
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details: Only a process of the playbook itself reaches its terminal.
  local_action:
    description: Where the task is carried out.
    support: full
    details: On the control node. The connection to the task's host is not used.
seealso:
  - module: threadworks.openai.openai_run
"""

EXAMPLES = r"""
- name: Ask before a call is carried out
  threadworks.openai.openai_tool_call:
    name: "{{ call.function.name }}"
    arguments: "{{ call.function.arguments }}"
    problem: "{{ call.function.problem }}"
    id: "{{ call.id }}"
    tasks: folder_sizes.yml
    confirm: true
  register: decision

- name: Carry it out
  ansible.builtin.command:
    argv: [du, -s, --, "{{ call.function.arguments.path }}"]
  when: decision.allowed
"""

RETURN = r"""
allowed:
  description: Whether the call may be carried out.
  type: bool
  returned: success
  sample: false
id:
  description: The id of the call, as it was given.
  type: str
  returned: success
  sample: call_8hTqPzXw2mVbN4
problem:
  description: Why it may not, in words for the model; null if it may.
  type: str
  returned: success
  sample: The operator did not allow the tool folder_sizes.
answer:
  description: V(yes), V(no), V(always) or V(stop); V(nobody) if nobody could answer; null if nobody was asked.
  type: str
  returned: success
  sample: "no"
"""
