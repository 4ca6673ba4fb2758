# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_assistants
short_description: List assistants
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns assistants, newest first.
  - Always returns a list, even with C(lookup) and even for one assistant.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_assistants
options:
  _terms:
    description: The names of the assistants. By default, all assistants are returned.
seealso:
  - plugin: threadworks.openai.openai_assistant
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: List the assistants of a team
  ansible.builtin.debug:
    msg: "{{ query('threadworks.openai.openai_assistants', metadata={'team': 'network'}) | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description: The assistants, as in the Assistants API.
  type: list
  elements: dict
  sample:
    - id: asst_9fDkVp2yQzL4mT1cXw8sRb3n
      object: assistant
      created_at: 1795447001
      name: Network assistant
      description: null
      model: gpt-6-luna
      instructions: You explain network faults to operators, in two sentences.
      tools: []
      tool_resources: {}
      metadata: {team: network}
      temperature: 1.0
      top_p: 1.0
      response_format: auto
"""

import typing as t

from ..module_utils import _read_assistants
from ..module_utils._wire_reading import ReadingWire
from ..plugin_utils._lookup import ReadingLookup


class LookupModule(ReadingLookup):
    """Assistants by name and metadata."""

    lists = True
    needs_terms = False

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the assistants of a name, or all, newest first."""
        return self.limited(_read_assistants.assistants(wire, term, self.pairs()))
