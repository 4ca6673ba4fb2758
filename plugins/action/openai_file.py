# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ..module_utils import _file
from ..plugin_utils._action import ResourceAction


class ActionModule(ResourceAction):
    """Runs the module openai_file in the playbook's own process."""

    resource = _file

    def with_local_files(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the options with an absolute path. A file to delete need not exist."""
        path = args.get("path")
        return {**args, "path": self.local_file(path)} if isinstance(path, str) else args
