# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_assistant_info
short_description: Read assistants
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns assistants, newest first. Without O(assistant_id), O(name) and O(metadata), the task returns all assistants.
  - The task fails if O(assistant_id) does not exist. It returns an empty list if no assistant has the name or the
    metadata.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_assistant_info
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_assistant
  - plugin: threadworks.openai.openai_assistants
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Find an assistant by its name
  threadworks.openai.openai_assistant_info:
    name: Network assistant
  register: found

- name: Run the assistant
  threadworks.openai.openai_run:
    thread_id: "{{ thread.thread_id }}"
    assistant_id: "{{ found.assistants[0].id }}"
  when: found.assistants | length == 1

- name: Fail if no assistant has the name
  threadworks.openai.openai_assistant_info:
    name: Network assistant
  register: found
  failed_when: found.assistants | length == 0

- name: Find all assistants of a team
  threadworks.openai.openai_assistant_info:
    metadata:
      team: network
"""

RETURN = r"""
assistants:
  description: The assistants, newest first, as in the Assistants API.
  type: list
  elements: dict
  returned: success
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
error:
  description: The error that the server returned.
  type: dict
  returned: failure, when the server refused a request
  sample:
    status: 404
    message: No assistant found with id 'asst_x'.
    type: invalid_request_error
    param: null
    code: assistant_not_found
"""

from ..module_utils._assistant_info import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
