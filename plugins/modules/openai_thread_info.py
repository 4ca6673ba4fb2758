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
  - Returns threads, newest first. Without O(thread_id), O(key) and O(metadata), the task returns all threads.
  - The task fails if O(thread_id) does not exist. It returns an empty list if no thread has the key or the metadata.
  - The Assistants API cannot list threads. The runtime of this collection adds this operation. For other servers,
    O(thread_id) is required.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
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

- name: Show the conversation
  ansible.builtin.debug:
    msg: "{{ item.role }}: {{ item.text }}"
  loop: "{{ found.threads[0].messages }}"
  loop_control:
    label: "{{ item.id }}"

- name: Find all threads of a team, with their runs
  threadworks.openai.openai_thread_info:
    metadata:
      team: network
    runs: true
"""

RETURN = r"""
threads:
  description:
    - The threads, newest first, as in the Assistants API.
    - With O(messages=true), each thread has C(messages), oldest first. Each message also has C(text), its text parts
      joined.
    - With O(runs=true), each thread has C(runs), newest first.
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
  description: The error that the server returned.
  type: dict
  returned: failure, when the server refused a request
  sample:
    status: 404
    message: No thread found with id 'thread_x'.
    type: invalid_request_error
    param: null
    code: thread_not_found
"""

from ..module_utils._task import run_module
from ..module_utils._thread_info import SPEC, ensure


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
