# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils import _file_info
from ..plugin_utils._action import ResourceAction


class ActionModule(ResourceAction):
    """Runs the module openai_file_info in the playbook's own process."""

    resource = _file_info
