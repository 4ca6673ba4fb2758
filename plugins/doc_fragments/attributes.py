# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description:
      - Can run in C(check_mode). Tells what would happen, without a request that changes anything and without asking a
        model.
    support: full
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
  action_group:
    description: Use C(group/threadworks.openai.openai) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - threadworks.openai.openai
  async:
    description: Supports being used with the C(async) keyword.
    support: partial
    details: Only with O(runtime_url). With the embedded runtime a run goes on behind its task with C(wait=false).
  local_action:
    description: Where the task is carried out.
    support: partial
    details:
      - In the playbook's own process, as the user who runs the playbook, whatever the task's C(become) says.
      - With O(runtime_url) and a connection that is not local, or with C(async), on the task's host.
"""
