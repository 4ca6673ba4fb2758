# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils import _vector_store_info
from ..plugin_utils._action import ResourceAction


class ActionModule(ResourceAction):
    """Runs the module openai_vector_store_info in the playbook's own process."""

    resource = _vector_store_info
