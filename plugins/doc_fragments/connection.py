# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..plugin_utils import _documentation


# The annotations are needed: without them, ansible-test expects string literals.
class ModuleDocFragment:
    """Which server, and which key: the same options for modules and lookups."""

    DOCUMENTATION: str = _documentation.of_connection(
        requirements=[
            (
                "For the local runtime, the Python libraries in the C(requirements.txt) of the collection, on the "
                "control node. They are not needed if O(runtime_url) is set"
            ),
        ]
    )
    # The sources of the options on the control node. The action plugins of modules use the same sources.
    PLUGINS: str = _documentation.of_sources()
