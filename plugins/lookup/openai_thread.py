# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_thread
short_description: Read threads
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description: Returns threads, specified by their ids or keys.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_thread
options:
  _terms:
    description: The ids or keys of the threads.
    required: true
seealso:
  - module: threadworks.openai.openai_thread
  - plugin: threadworks.openai.openai_threads
    plugin_type: lookup
  - plugin: threadworks.openai.openai_messages
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the id of a thread
  ansible.builtin.debug:
    msg: "{{ lookup('threadworks.openai.openai_thread', 'ticket-4711').id }}"
"""

RETURN = r"""
_raw:
  description: A thread for each term, as in the Assistants API.
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
    """Threads by id or by key."""

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the one thread that the term means; of a key that several have, the newest."""
        return [_read_threads.thread(wire, term)]
