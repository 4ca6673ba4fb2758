# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_threads
short_description: List threads
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns threads, newest first.
  - Always returns a list, even with C(lookup) and even for one thread.
  - The Assistants API cannot list threads. The runtime of this collection adds this operation.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_threads
options:
  _terms:
    description: The keys of the threads. By default, all threads are returned.
seealso:
  - plugin: threadworks.openai.openai_thread
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: List the threads of a team
  ansible.builtin.debug:
    msg: "{{ query('threadworks.openai.openai_threads', metadata={'team': 'network'}) | map(attribute='id') }}"
"""

RETURN = r"""
_raw:
  description: The threads, as in the Assistants API.
  type: list
  elements: dict
  sample:
    - id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
      object: thread
      created_at: 1795447002
      metadata: {ansible_key: ticket-4711, team: network}
      tool_resources: {}
"""

import typing as t

from ..module_utils import _read_threads
from ..module_utils._wire_reading import ReadingWire
from ..plugin_utils._lookup import ReadingLookup


class LookupModule(ReadingLookup):
    """Threads by key and metadata."""

    lists = True
    needs_terms = False

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the threads of a key, or all, newest first."""
        return self.limited(_read_threads.threads(wire, term, self.pairs()))
