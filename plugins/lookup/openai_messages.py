# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_messages
short_description: List the messages of threads
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns the messages of threads.
  - Always returns a list, even with C(lookup) and even for one message.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_messages
options:
  _terms:
    description: The ids or keys of the threads.
    required: true
seealso:
  - module: threadworks.openai.openai_message
  - plugin: threadworks.openai.openai_thread
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the latest message
  ansible.builtin.debug:
    msg: "{{ (lookup('threadworks.openai.openai_messages', thread_id, order='desc', limit=1) | first).text }}"
"""

RETURN = r"""
_raw:
  description: The messages, as in the Assistants API. Each message also has C(text), its text parts joined.
  type: list
  elements: dict
  sample:
    - id: msg_8sLwQ2nYx7dPa5VuRf3KzTc1
      object: thread.message
      created_at: 1795447004
      thread_id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
      run_id: run_2yHmZ6tBw9cGf4KsXo1QeVj7
      role: assistant
      content: [{type: text, text: {value: The optics are too hot., annotations: []}}]
      text: The optics are too hot.
"""

import typing as t

from ..module_utils import _read_messages, _read_threads
from ..module_utils._wire_reading import ReadingWire
from ..plugin_utils._lookup import ReadingLookup


class LookupModule(ReadingLookup):
    """The messages of a thread."""

    lists = True

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the messages of the thread, each with its text."""
        options = {name: self.get_option(name) for name in ("run_id", "role", "order")}
        return self.limited(_read_messages.messages(wire, _read_threads.thread_id(wire, term), **options))
