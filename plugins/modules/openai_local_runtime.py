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
  - Starts and stops the local runtime. This is the process on the control node that executes runs for tasks without
    O(runtime_url).
  - Playbooks do not need this module. Tasks and lookups start the local runtime if it is not running, and it exits when
    it is idle. Use this module to find out early whether the local runtime can be started, for example if Python
    libraries might be missing, or to stop it before an upgrade or on a shared machine.
  - Each user, store, version of the collection and network environment (such as proxy variables) has its own local
    runtime.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_local_runtime
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
  - module: threadworks.openai.openai_local_runtime_info
"""

EXAMPLES = r"""
- name: Check that the local runtime can be started
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
    - With O(state=started), the local runtime. The list is empty with O(runtime_url), and in check mode if the local
      runtime is not running.
    - With O(state=stopped), the local runtimes that have been stopped, in their previous state.
    - Each item has the same keys as a result of M(threadworks.openai.openai_local_runtime_info).
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
