# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description:
      - Can run in C(check_mode). Returns what would happen, without a request that changes anything and without asking
        a model. Knows what earlier tasks of the same check would have changed.
      - On other hosts and with C(async), a task does not know that, and warns.
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
    details:
      - On the control node, and on other hosts with O(runtime_url). Another host cannot reach the local runtime.
      - A run also continues after its task with C(wait=false), which needs no C(async).
  local_action:
    description: Where the task is carried out.
    support: partial
    details:
      - On the control node, as the user who runs the playbook, whatever the task's C(become) says.
      - On the task's host with C(async), or with O(runtime_url) and a connection that is not local.
"""

    # For modules that only read. It comes before the fragment above in a module's list: the first description counts.
    INFO_MODULE = r"""
attributes:
  check_mode:
    description:
      - Can run in C(check_mode). The module only reads. It returns what would be there after the earlier tasks of the
        same check.
    support: full
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details: The module only reads.
"""
