# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_local_runtime
short_description: Start and stop the local runtime
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Starts and stops the local runtime, the process on the control node that executes runs for tasks without
    O(runtime_url).
  - Playbooks do not need this module. Every task and every lookup starts the local runtime when it is not running, and
    it ends by itself when it is idle. The module reports early that it cannot be started, for example because Python
    libraries are missing, and stops it before an upgrade or on a shared machine.
  - There is one local runtime for each user, store, version of the collection and network environment, such as the
    proxy variables.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.options.openai_local_runtime
  - threadworks.openai.connection
attributes:
  async:
    support: none
    details: The module needs the control node.
  local_action:
    support: full
    details: On the control node, as the user who runs the playbook, whatever the task's host and C(become) are.
seealso:
  - module: threadworks.openai.openai_local_runtime_info
"""

EXAMPLES = r"""
- name: Report a problem with the local runtime before anything else happens
  threadworks.openai.openai_local_runtime:
    state: started

- name: Stop the local runtime, and wait for its runs
  threadworks.openai.openai_local_runtime:
    state: stopped

- name: Stop all local runtimes of this user, and wait for their runs
  threadworks.openai.openai_local_runtime:
    state: stopped
    all: true
"""

RETURN = r"""
runtimes:
  description:
    - With O(state=started), the local runtime. The list is empty in check mode when it is not running, and with
      O(runtime_url).
    - With O(state=stopped), the local runtimes that have been stopped, as they were before.
    - Each has the keys that M(threadworks.openai.openai_local_runtime_info) returns.
  type: list
  elements: dict
  returned: success
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

from ..module_utils._local_runtime import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
