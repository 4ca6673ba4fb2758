# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_local_runtime_info
short_description: Return information about the local runtime
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns information about the local runtime. This is the process on the control node that executes runs for tasks
    without O(runtime_url). Tasks and lookups start it if it is not running.
  - This module does not start the local runtime. If it is not running, the list is empty.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_local_runtime_info
  - threadworks.openai.connection
attributes:
  async:
    support: none
    details: The module must run on the control node.
  local_action:
    support: full
    details: The task always runs on the control node, as the user who runs the playbook. The host and C(become) of the
      task are ignored.
seealso:
  - module: threadworks.openai.openai_local_runtime
"""

EXAMPLES = r"""
- name: Find all local runtimes of this user
  threadworks.openai.openai_local_runtime_info:
    all: true
  register: found

- name: Show their active runs
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
      description: V(running), or V(hanging) if the process does not answer within a second.
      type: str
    socket:
      description: The path of the socket.
      type: str
    version:
      description: The version of the collection that started the process.
      type: str
      returned: if the process answers
    store:
      description: The path or the URL of the store, without the password.
      type: str
      returned: if the process answers
    started_at:
      description: The time when the process was started, in seconds since 1970.
      type: int
      returned: if the process answers
    idle_seconds:
      description: The time that the process has been idle, in seconds.
      type: float
      returned: if the process answers
    idle_timeout:
      description: The idle time after which the process exits, in seconds.
      type: float
      returned: if the process answers
    active_runs:
      description: The number of active runs.
      type: int
      returned: if the process answers
    queued_runs:
      description: The number of queued runs.
      type: int
      returned: if the process answers
    concurrent_runs:
      description: The maximum number of runs that are executed at the same time.
      type: int
      returned: if the process answers
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
