# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ..module_utils import _export
from ..plugin_utils._action import ResourceAction


class ActionModule(ResourceAction):
    """Runs the module openai_export on the control node, which gets the file."""

    _supports_async = False
    resource = _export
    stays = True

    def _run_here(self, params: dict[str, t.Any], environment: dict[str, str], host: str) -> dict[str, t.Any]:
        params["dest"] = self._loader.path_dwim(params["dest"])
        missing = None if params["runtime_url"] else self.local_runtime(params, environment).missing_store()
        if missing:
            # Reading it would create it, and the export would be empty.
            return {"failed": True, "msg": f"runtime_store: The store {missing} does not exist. Check the path."}
        return super()._run_here(params, environment, host)
