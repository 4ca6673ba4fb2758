# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_tool_turn
short_description: Select the host that answers the tool calls of a shared run
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Hosts of a play with exactly the same inputs share one run. With this module, one host answers the tool calls of the
    run, and the other hosts wait. It only coordinates hosts of the same playbook.
  - If the answering host leaves the play, for example because it is unreachable, the run is cancelled with a warning,
    by the next task with a module of this collection or when the playbook ends.
  - The role P(threadworks.openai.run#role) uses this module.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_tool_turn
  - threadworks.openai.connection
attributes:
  check_mode:
    description: Can run in C(check_mode). Every host gets the turn, because no calls are answered.
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details: The module must run in a process of the playbook.
  local_action:
    description: Where the task runs.
    support: full
    details: On the control node, as the user who runs the playbook.
seealso:
  - module: threadworks.openai.openai_tool_call
  - module: threadworks.openai.openai_run
"""

EXAMPLES = r"""
- name: Take the turn to answer the run, unless another host has it
  threadworks.openai.openai_tool_turn:
    thread_id: "{{ asked.thread_id }}"
    run_id: "{{ asked.run_id }}"
    calls: "{{ asked.required_action.submit_tool_outputs.tool_calls }}"
    allowed: [disk_usage]
  register: turn

- name: Release the turn
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
  description: The host that answers the calls. Null if there is none.
  type: str
  returned: success
  sample: web1
check_mode:
  description: Whether the task ran in check mode. If so, no tool must be run.
  type: bool
  returned: success
  sample: false
thread_id:
  description: The id of the thread.
  type: str
  returned: success
  sample: thread_4kTzW9bHqP1nVx6rJd2mYc8f
run_id:
  description: The id of the run.
  type: str
  returned: success
  sample: run_2yHmZ6tBw9cGf4KsXo1QeVj7
calls:
  description: The calls. C(problem) describes why a call is not allowed, and is null if it is allowed.
  type: list
  elements: dict
  returned: success
  sample:
    - id: call_8hTqPzXw2mVbN4
      name: disk_usage
      arguments: {path: /var}
      problem: null
"""
