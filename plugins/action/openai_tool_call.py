# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ..plugin_utils._action import play_of
from ..plugin_utils._plain import plain
from ..plugin_utils._tool_call import SPEC, Call, decide


class ActionModule(ActionBase):
    """Runs the module openai_tool_call: only processes of the control node can use the terminal."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Decide whether a tool call is allowed, and ask a person if the task requires it."""
        result = super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(argument_spec=SPEC.argument_spec)
        host = str((task_vars or {}).get("inventory_hostname", "localhost"))
        name, tasks = args["name"], plain(args["tasks"])
        call = Call(play_of(self._task), host, name, plain(args["arguments"]), tasks)
        ask = self._display.prompt_until if args["confirm"] else None
        problem = f"The tool {name} does not run in check mode." if self._task.check_mode else args["problem"]
        return {**result, "id": args["id"], **decide(call, problem, ask, args["expires_at"])}
