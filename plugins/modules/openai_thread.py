# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_thread
short_description: Manage a thread
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Creates, updates and deletes a thread. A thread is a conversation that assistants run on.
  - The thread is identified by its key or its id.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_thread
  - threadworks.openai.connection
"""

EXAMPLES = r"""
- name: Create a thread for a ticket
  threadworks.openai.openai_thread:
    key: ticket-4711
    metadata:
      source: helpdesk
  register: thread

- name: Delete the thread
  threadworks.openai.openai_thread:
    key: ticket-4711
    state: absent
"""

RETURN = r"""
thread:
  description: The thread, as in the Assistants API. Null if it has been deleted.
  type: dict
  returned: success
  sample:
    id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
    object: thread
    created_at: 1795447001
    tool_resources: {}
    metadata: {ansible_key: ticket-4711, source: helpdesk}
thread_id:
  description: The id of the thread. In check mode, V((known after apply)) for a thread that does not exist yet.
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

from ..module_utils._task import run_module
from ..module_utils._thread import SPEC, ensure


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
