# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_run_info
short_description: Read many runs, or wait for all of them
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns runs with their replies. With O(wait=true) it first waits until all of them have ended.
  - To execute many runs at once, start them in a loop over M(threadworks.openai.openai_run) with C(wait=false), then
    wait for all of them with this module.
  - A run or a thread that does not exist is an error. A thread without matching runs gives an empty list.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.options.openai_run_info
  - threadworks.openai.connection
notes:
  - While it waits, the task asks only for the first run that has not ended. N runs cost about N requests, and N more
    for their messages.
seealso:
  - module: threadworks.openai.openai_run
  - module: threadworks.openai.openai_thread_run
  - plugin: threadworks.openai.openai_runs
    plugin_type: lookup
  - plugin: threadworks.openai.openai_run
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Start a run for each ticket
  threadworks.openai.openai_thread_run:
    key: "{{ item.id }}"
    assistant_id: "{{ assistant.assistant_id }}"
    thread:
      messages:
        - content: "{{ item.text }}"
    wait: false
  loop: "{{ tickets }}"
  loop_control:
    label: "{{ item.id }}"
  register: started

- name: Wait for all of them
  threadworks.openai.openai_run_info:
    runs: "{{ started }}"
    wait: true
    wait_timeout: 1800
  register: answers

- name: Show the answers
  ansible.builtin.debug:
    msg: "{{ item.item.id }}: {{ item.response }}"
  loop: "{{ answers.runs }}"
  loop_control:
    label: "{{ item.run_id }}"

- name: Wait for all of them, and go on with those that have completed
  threadworks.openai.openai_run_info:
    runs: "{{ started }}"
    wait: true
    fail_on: []
  register: answers

- name: Show which runs have failed, and why
  ansible.builtin.debug:
    msg: "{{ item.run_id }} {{ item.reason }}"
  loop: "{{ answers.failed_runs }}"

- name: Wait for the runs that all hosts of the play have started
  threadworks.openai.openai_run_info:
    runs: "{{ ansible_play_hosts | map('extract', hostvars, 'started') }}"
    wait: true
  run_once: true
  register: all_answers

- name: Read the runs of a thread that are active
  threadworks.openai.openai_run_info:
    thread_id: "{{ thread.thread_id }}"
    status: [queued, in_progress]
"""

RETURN = r"""
runs:
  description: The runs, in the order of O(runs), or newest first. Each has the same keys as a result of
    M(threadworks.openai.openai_run).
  type: list
  elements: dict
  returned: success, and failure after the runs have been read
  contains:
    run:
      description: The run, as on the Assistants wire.
      type: dict
      returned: always
      sample: {id: run_2yHmZ6tBw9cGf4KsXo1QeVj7, object: thread.run, status: completed}
    run_id:
      description: The id of the run.
      type: str
      returned: always
      sample: run_2yHmZ6tBw9cGf4KsXo1QeVj7
    thread_id:
      description: The id of the thread.
      type: str
      returned: always
      sample: thread_4kTzW9bHqP1nVx6rJd2mYc8f
    status:
      description: The status of the run.
      type: str
      returned: always
      sample: completed
    response:
      description: The text of the reply; empty until the run has ended.
      type: str
      returned: always
      sample: The link flaps because its optics are too hot. Clean the fan of the line card.
    output:
      description: The reply as data, where the run's C(response_format) asks for JSON; null otherwise.
      type: raw
      returned: always
      sample: {cause: optics, sure: true}
    messages:
      description: The messages that the run has written, oldest first; empty until it has ended or needs an action.
      type: list
      elements: dict
      returned: always
      sample: []
    usage:
      description: The tokens that the run has used; null until it has ended.
      type: dict
      returned: always
      sample: {prompt_tokens: 44, completion_tokens: 31, total_tokens: 75}
    required_action:
      description: The function calls that the run waits for, as in M(threadworks.openai.openai_run); null otherwise.
      type: dict
      returned: always
      sample: null
    steps:
      description: The steps of the run, oldest first, as on the Assistants wire.
      type: list
      elements: dict
      returned: with O(steps=true)
      sample: []
    item:
      description: The item of the loop that started the run.
      type: raw
      returned: when O(runs) has the results of a loop
      sample: {id: ticket-4711, text: 'Why does the link to Oslo flap?'}
statuses:
  description: How many runs have each status. A status that no run has is left out.
  type: dict
  returned: success, and failure after the runs have been read
  sample: {completed: 39, failed: 1}
failed_runs:
  description:
    - The runs that ended as V(failed), V(expired), V(cancelled) or V(incomplete), or with another status of O(fail_on),
      whether or not that fails the task.
    - A run whose reply is not the JSON that was asked for is listed too.
  type: list
  elements: dict
  returned: success, and failure after the runs have been read
  contains:
    run_id:
      description: The id of the run.
      type: str
      returned: always
      sample: run_2yHmZ6tBw9cGf4KsXo1QeVj7
    thread_id:
      description: The id of the thread.
      type: str
      returned: always
      sample: thread_4kTzW9bHqP1nVx6rJd2mYc8f
    status:
      description: The status of the run.
      type: str
      returned: always
      sample: failed
    reason:
      description: How the run ended, and why.
      type: str
      returned: always
      sample: "ended as failed: The model server is overloaded."
    item:
      description: The item of the loop that started the run.
      type: raw
      returned: when O(runs) has the results of a loop
      sample: {id: ticket-4711, text: 'Why does the link to Oslo flap?'}
error:
  description: What the server said, where it refused a request.
  type: dict
  returned: failure, when the server refused a request
  sample:
    status: 404
    message: No run found with id 'run_x'.
    type: invalid_request_error
    param: null
    code: null
"""

from ..module_utils._run_info import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
