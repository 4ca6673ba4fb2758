# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_assistant
short_description: Read assistants
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description: Returns assistants, specified by their ids or names.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_assistant
options:
  _terms:
    description: The ids or names of the assistants.
    required: true
seealso:
  - module: threadworks.openai.openai_assistant
  - plugin: threadworks.openai.openai_assistants
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Run an assistant, specified by its name
  threadworks.openai.openai_run:
    thread_id: "{{ thread.thread_id }}"
    assistant_id: "{{ lookup('threadworks.openai.openai_assistant', 'Network assistant').id }}"
"""

RETURN = r"""
_raw:
  description: An assistant for each term, as in the Assistants API.
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
    """Assistants by id or by name."""

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the one assistant that the term means."""
        return [_read_assistants.assistant(wire, term)]
