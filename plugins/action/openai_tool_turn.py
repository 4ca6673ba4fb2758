# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ..module_utils._table_connection import NAMES
from ..plugin_utils._action import ResourceAction, play_of
from ..plugin_utils._answering import Answering
from ..plugin_utils._tool_turn import Turns


class ActionModule(ResourceAction):
    """Runs the module openai_tool_turn, which knows only the hosts of this playbook."""

    _supports_async = False
    # It gets what only this task knows, its host and its play, when the task runs.
    resource: t.Any = Turns
    stays = True

    def _run_here(self, params: dict[str, t.Any], environment: dict[str, str], host: str) -> dict[str, t.Any]:
        run = {name: params[name] for name in (*NAMES, "thread_id", "run_id")}
        answering = Answering(host, play_of(self._task), {**run, "state": "cancelled"}, environment)
        self.resource = Turns(answering)
        return super()._run_here(params, environment, host)
