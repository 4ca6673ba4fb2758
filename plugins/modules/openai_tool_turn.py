# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_tool_turn
short_description: Let one host answer the tool calls of a run that several hosts share
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Hosts of a play that ask for exactly the same thing share one run. This module lets one of them answer its tool
    calls, and lets the others wait for that. It knows the hosts of the same playbook only.
  - If the host that answers leaves its play, for example because it is unreachable, the run is cancelled by the next
    task with a module of this collection, or when the playbook ends. A warning says so.
  - The role P(threadworks.openai.run#role) uses this module.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.options.openai_tool_turn
  - threadworks.openai.connection
attributes:
  check_mode:
    description: Can run in C(check_mode). Every host gets the turn, because nothing is answered.
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details: The module needs the processes of the playbook.
  local_action:
    description: Where the task is carried out.
    support: full
    details: On the control node, as the user who runs the playbook.
seealso:
  - module: threadworks.openai.openai_tool_call
  - module: threadworks.openai.openai_run
"""

EXAMPLES = r"""
- name: Answer the run, unless another host does
  threadworks.openai.openai_tool_turn:
    thread_id: "{{ asked.thread_id }}"
    run_id: "{{ asked.run_id }}"
    calls: "{{ asked.required_action.submit_tool_outputs.tool_calls }}"
    allowed: [disk_usage]
  register: turn

- name: Give it back
  threadworks.openai.openai_tool_turn:
    thread_id: "{{ asked.thread_id }}"
    run_id: "{{ asked.run_id }}"
    state: released
  when: turn.taken
"""

RETURN = r"""
taken:
  description: Whether this host answers the calls.
  type: bool
  returned: success
  sample: true
host:
  description: The host that answers them; null if none does.
  type: str
  returned: success
  sample: web1
check_mode:
  description: Whether the task ran in check mode. Then no call must be carried out.
  type: bool
  returned: success
  sample: false
thread_id:
  description: The thread.
  type: str
  returned: success
  sample: thread_4kTzW9bHqP1nVx6rJd2mYc8f
run_id:
  description: The run.
  type: str
  returned: success
  sample: run_2yHmZ6tBw9cGf4KsXo1QeVj7
calls:
  description: The calls, each with C(problem), which says why it must not be carried out; it is null if it may.
  type: list
  elements: dict
  returned: success
  sample:
    - id: call_8hTqPzXw2mVbN4
      name: disk_usage
      arguments: {path: /var}
      problem: null
"""
