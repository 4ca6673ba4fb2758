# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_local_runtime_info
short_description: Describe the local runtime
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns what the local runtime does. It is the process on the control node that executes runs for tasks without
    O(runtime_url), and every task and lookup starts it when it is not running.
  - The module never starts it. The list is empty when it is not running.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.options.openai_local_runtime_info
  - threadworks.openai.connection
attributes:
  async:
    support: none
    details: The module needs the control node.
  local_action:
    support: full
    details: On the control node, as the user who runs the playbook, whatever the task's host and C(become) are.
seealso:
  - module: threadworks.openai.openai_local_runtime
"""

EXAMPLES = r"""
- name: Find all local runtimes of this user
  threadworks.openai.openai_local_runtime_info:
    all: true
  register: found

- name: Show what they do
  ansible.builtin.debug:
    msg: "{{ item.store }}: {{ item.active_runs }} active runs"
  loop: "{{ found.runtimes | selectattr('state', '==', 'running') }}"
  loop_control:
    label: "{{ item.pid }}"
"""

RETURN = r"""
runtimes:
  description: The local runtimes that are running.
  type: list
  elements: dict
  returned: success
  contains:
    pid:
      description: The process id.
      type: int
    state:
      description: V(running), or V(hanging) for a process that does not answer within a second.
      type: str
    socket:
      description: The path of its socket.
      type: str
    version:
      description: The version of the collection that started it.
      type: str
      returned: when it answers
    store:
      description: The path or the URL of its store, without the password.
      type: str
      returned: when it answers
    started_at:
      description: When it was started, in seconds since 1970.
      type: int
      returned: when it answers
    idle_seconds:
      description: How long it has been idle, in seconds.
      type: float
      returned: when it answers
    idle_timeout:
      description: After how many idle seconds it ends.
      type: float
      returned: when it answers
    active_runs:
      description: The number of runs that it executes.
      type: int
      returned: when it answers
    queued_runs:
      description: The number of runs that wait for their turn.
      type: int
      returned: when it answers
    concurrent_runs:
      description: How many runs it executes at the same time at most.
      type: int
      returned: when it answers
  sample:
    - pid: 4711
      state: running
      version: 0.2.0
      store: /home/anna/.ansible/threadworks.openai/runtime.db
      socket: /run/user/1000/threadworks.openai/5cf8a2e1b0d94437.sock
      started_at: 1795447001
      idle_seconds: 12.4
      idle_timeout: 60.0
      active_runs: 0
      queued_runs: 0
      concurrent_runs: 32
"""

from ..module_utils._local_runtime_info import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
