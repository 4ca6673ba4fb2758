# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ..module_utils import _import
from ..plugin_utils._action import ResourceAction


class ActionModule(ResourceAction):
    """Runs the module openai_import on the control node, which has the files."""

    _supports_async = False
    resource = _import
    stays = True

    def _run_here(self, params: dict[str, t.Any], environment: dict[str, str], host: str) -> dict[str, t.Any]:
        if params["src"]:
            params["src"] = self._find_needle("files", params["src"])
        return super()._run_here(params, environment, host)
