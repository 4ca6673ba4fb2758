# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and returns the predicted result without changing anything and without using the model.
        Takes into account what earlier tasks would have changed.
      - Tasks on other hosts and with C(async) cannot take earlier tasks into account, and display a warning.
    support: full
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: partial
    details:
      - Supported on the control node. Other hosts need O(runtime_url), because they cannot access the local runtime.
      - To continue a run after its task, use C(wait=false) instead of C(async).
  local_action:
    description: Where the task runs.
    support: partial
    details:
      - On the control node, as the user who runs the playbook. C(become) is ignored.
      - On the task's host with C(async), or with O(runtime_url) and a connection that is not local.
"""

    # For modules that only read. It comes before the fragment above in a module's list: the first description counts.
    INFO_MODULE = r"""
attributes:
  check_mode:
    description:
      - Can run in C(check_mode). Returns the predicted state after the earlier tasks.
    support: full
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details: The module does not change anything.
"""

    # For the modules in the action group in meta/runtime.yml.
    ACTION_GROUP = r"""
attributes:
  action_group:
    description: Use C(group/threadworks.openai.openai) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - threadworks.openai.openai
"""
