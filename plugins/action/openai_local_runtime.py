# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils import _local_runtime
from ..plugin_utils._action import ResourceAction
from ..plugin_utils._control import ControlledRuntime


class ActionModule(ResourceAction):
    """Runs the module openai_local_runtime on the control node, regardless of the task's host."""

    _supports_async = False
    resource = _local_runtime
    stays = True
    local_runtime = ControlledRuntime
