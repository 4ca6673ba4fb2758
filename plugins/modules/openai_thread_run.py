# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_thread_run
short_description: Create a thread and run an assistant on it
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Ensures that a thread with the given messages exists, and that an assistant has run on it with the given parameters.
  - The thread and the run are identified by these options, or by a key. Changed metadata is updated in place.
  - If such a run is active, the task waits for it. Failed, expired, cancelled and incomplete runs are repeated on the
    same thread.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_thread_run
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_run
  - plugin: threadworks.openai.openai_thread_run
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Ask a question in one task
  threadworks.openai.openai_thread_run:
    assistant_id: "{{ assistant.assistant_id }}"
    thread:
      messages:
        - content: What is a default gateway?
    instructions: Answer in one sentence.
  register: answer

- name: Delete the thread and its run
  threadworks.openai.openai_thread_run:
    assistant_id: "{{ assistant.assistant_id }}"
    thread:
      messages:
        - content: What is a default gateway?
    instructions: Answer in one sentence.
    state: absent
"""

RETURN = r"""
run:
  description: The run, as in the Assistants API.
  type: dict
  returned: when there is a run
  sample:
    id: run_2yHmZ6tBw9cGf4KsXo1QeVj7
    object: thread.run
    created_at: 1795447003
    thread_id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
    assistant_id: asst_9fDkVp2yQzL4mT1cXw8sRb3n
    status: completed
    required_action: null
    last_error: null
    expires_at: null
    started_at: 1795447003
    cancelled_at: null
    failed_at: null
    completed_at: 1795447004
    incomplete_details: null
    model: gpt-6-luna
    instructions: You explain network faults to operators, in two sentences.
    tools: []
    metadata:
      ansible_message: msg_7pRcN3vKx5sQ0aLtEy9uWz2d
      ansible_parameters: 1f0a5c6e7d...
    usage: {prompt_tokens: 44, completion_tokens: 31, total_tokens: 75}
    temperature: 1.0
    top_p: 1.0
    max_prompt_tokens: null
    max_completion_tokens: null
    truncation_strategy: {type: auto, last_messages: null}
    tool_choice: auto
    parallel_tool_calls: true
    response_format: auto
run_id:
  description: The id of the run. In check mode, V((known after apply)) for a run that does not exist yet.
  type: str
  returned: success
  sample: run_2yHmZ6tBw9cGf4KsXo1QeVj7
thread_id:
  description: The id of the thread.
  type: str
  returned: success
  sample: thread_4kTzW9bHqP1nVx6rJd2mYc8f
status:
  description:
    - The status of the run.
    - In check mode, V(completed) for a run that does not exist yet. With O(wait=false), V(queued) for the task that
      would start the run, and V(completed) for later tasks.
  type: str
  returned: success
  sample: completed
response:
  description:
    - The text of the reply. Empty until there is a reply.
    - In check mode, V((known after apply)) for a run that does not exist yet.
  type: str
  returned: when there is a run
  sample: The link flaps because its optics are too hot. Clean the fan of the line card.
output:
  description:
    - The reply as data, if O(response_format) requires JSON.
    - In check mode, null for a run that does not exist yet.
  type: raw
  returned: when there is a run
  sample: {cause: optics, sure: true}
messages:
  description: The messages that the run has written, oldest first, as in the Assistants API.
  type: list
  elements: dict
  returned: when there is a run
  sample: []
usage:
  description:
    - The number of tokens that the run has used. Null until the run has ended.
    - In check mode, 0 for a run that does not exist yet.
  type: dict
  returned: when there is a run
  sample: {prompt_tokens: 44, completion_tokens: 31, total_tokens: 75}
required_action:
  description:
    - The function calls that the run waits for. Null if it does not wait for any.
    - The arguments of each call are parsed. C(problem) describes how they violate the JSON Schema of the function, and
      is null if they are valid. Other servers of the Assistants API do not validate arguments. With such a server,
      C(problem) is only null for functions without parameters.
  type: dict
  returned: when there is a run
  sample:
    type: submit_tool_outputs
    submit_tool_outputs:
      tool_calls:
        - id: call_8hTqPzXw2mVbN4
          type: function
          function: {name: disk_usage, arguments: {path: /var}, problem: null}
steps:
  description: The steps of the run, oldest first, as in the Assistants API.
  type: list
  elements: dict
  returned: with O(steps=true)
  sample: []
details:
  description:
    - What the run has used. A value is null if it is unknown. Null for a server without details, and in check mode for
      a run that does not exist yet.
    - C(seconds) is the time from the start of the run to its end, including the time in which it waited for tool
      outputs.
    - C(cost.amount) is in US dollars, as a string. C(cost) is null if the price of the model is unknown.
      C(cost.prices_from) is the date of the price list.
  type: dict
  returned: with O(details=true)
  sample:
    model: gpt-6-luna-2026-09-22
    service_tier: default
    input_tokens: 44
    cached_tokens: 0
    output_tokens: 31
    reasoning_tokens: 12
    rounds: 1
    tool_calls: 0
    seconds: 1.207
    seconds_to_first_token: 0.412
    cost: {amount: "0.0000199", prices_from: "2026-11-03"}
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
from ..module_utils._thread_run import SPEC, ensure


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
