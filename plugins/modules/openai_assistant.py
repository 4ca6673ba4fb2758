# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_assistant
short_description: Manage an assistant
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Creates, updates and deletes an assistant. An assistant is a model with instructions and tools.
  - The assistant is identified by its name or its id. Options that are not set are not changed.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_assistant
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_run
"""

EXAMPLES = r"""
- name: Create an assistant
  threadworks.openai.openai_assistant:
    name: Network assistant
    model: gpt-6-luna
    instructions: You explain network faults to operators, in two sentences.
    metadata:
      team: network
  register: assistant

- name: Delete an assistant
  threadworks.openai.openai_assistant:
    name: Old assistant
    state: absent
"""

RETURN = r"""
assistant:
  description: The assistant, as in the Assistants API. Null if it has been deleted.
  type: dict
  returned: success
  sample:
    id: asst_9fDkVp2yQzL4mT1cXw8sRb3n
    object: assistant
    created_at: 1795447000
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
assistant_id:
  description: The id of the assistant. In check mode, V((known after apply)) for an assistant that does not exist yet.
  type: str
  returned: success
  sample: asst_9fDkVp2yQzL4mT1cXw8sRb3n
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

from ..module_utils._assistant import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
