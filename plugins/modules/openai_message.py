# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_message
short_description: Manage a message on a thread
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Creates, updates and deletes a message on a thread.
  - The message is identified by its role, content and attachments on the thread, or by its key, or by its id.
  - The role, content and attachments of a message cannot be changed. If they differ and the message has a key, the task
    creates a new message at the end of the thread and deletes the old one.
  - Messages cannot be added while a run is active on the thread. The task waits for this run first.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_message
  - threadworks.openai.connection
"""

EXAMPLES = r"""
- name: Add a question to the thread
  threadworks.openai.openai_message:
    thread_id: "{{ thread.thread_id }}"
    content: Why does the link to Oslo flap?
    metadata:
      type: question

- name: Add the same question again
  threadworks.openai.openai_message:
    thread_id: "{{ thread.thread_id }}"
    key: second-try
    content: Why does the link to Oslo flap?
"""

RETURN = r"""
message:
  description: The message, as in the Assistants API. Null if it has been deleted.
  type: dict
  returned: success
  sample:
    id: msg_7pRcN3vKx5sQ0aLtEy9uWz2d
    object: thread.message
    created_at: 1795447002
    thread_id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
    status: completed
    incomplete_details: null
    completed_at: 1795447002
    incomplete_at: null
    role: user
    content:
      - {type: text, text: {value: "Why does the link to Oslo flap?", annotations: []}}
    assistant_id: null
    run_id: null
    attachments: []
    metadata: {type: question}
message_id:
  description: The id of the message. In check mode, V((known after apply)) for a message that does not exist yet.
  type: str
  returned: success
  sample: msg_7pRcN3vKx5sQ0aLtEy9uWz2d
thread_id:
  description: The id of the thread.
  type: str
  returned: success
  sample: thread_4kTzW9bHqP1nVx6rJd2mYc8f
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

from ..module_utils._message import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
