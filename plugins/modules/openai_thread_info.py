# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_thread_info
short_description: Read threads
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns threads, newest first. Without O(thread_id), O(key) and O(metadata) it returns all threads.
  - It is an error if O(thread_id) does not exist. When nothing has the key or the metadata, the list is empty.
  - The Assistants wire has no list of threads. The collection's own runtime has it. Other servers need O(thread_id).
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.options.openai_thread_info
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_thread
  - module: threadworks.openai.openai_run_info
  - plugin: threadworks.openai.openai_threads
    plugin_type: lookup
  - plugin: threadworks.openai.openai_messages
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read the conversation about a ticket
  threadworks.openai.openai_thread_info:
    key: ticket-4711
    messages: true
  register: found

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.role }}: {{ item.text }}"
  loop: "{{ found.threads[0].messages }}"
  loop_control:
    label: "{{ item.id }}"

- name: Read all threads of a team with their runs
  threadworks.openai.openai_thread_info:
    metadata:
      team: network
    runs: true
"""

RETURN = r"""
threads:
  description:
    - The threads, newest first, as on the Assistants wire.
    - With O(messages=true), each has its C(messages), oldest first, each with C(text), its text parts in one.
    - With O(runs=true), each has its C(runs), newest first.
  type: list
  elements: dict
  returned: success
  sample:
    - id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
      object: thread
      created_at: 1795447002
      metadata: {ansible_key: ticket-4711, team: network}
      tool_resources: {}
      messages:
        - id: msg_8sLwQ2nYx7dPa5VuRf3KzTc1
          object: thread.message
          created_at: 1795447004
          thread_id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
          role: user
          content: [{type: text, text: {value: 'Why does the link to Oslo flap?', annotations: []}}]
          text: Why does the link to Oslo flap?
error:
  description: What the server said, where it refused a request.
  type: dict
  returned: failure, when the server refused a request
  sample:
    status: 404
    message: No thread found with id 'thread_x'.
    type: invalid_request_error
    param: null
    code: null
"""

from ..module_utils._task import run_module
from ..module_utils._thread_info import SPEC, ensure


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
