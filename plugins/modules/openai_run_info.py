# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_run_info
short_description: Read many runs or wait for them
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns runs with their replies. With O(wait=true), the task first waits until all runs have ended.
  - To execute many runs at the same time, start them in a loop with M(threadworks.openai.openai_run) and C(wait=false).
    Then wait for all of them with this module.
  - The task fails if a run or a thread does not exist. It returns an empty list if a thread has no matching runs.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_run_info
  - threadworks.openai.connection
notes:
  - While it waits, the task only polls the first run that has not ended. For N runs, it sends about N requests, and N
    more to read their messages.
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

- name: Wait for all runs
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

- name: Wait for all runs, and continue with the completed runs
  threadworks.openai.openai_run_info:
    runs: "{{ started }}"
    wait: true
    fail_on: []
  register: answers

- name: Show the failed runs and the reasons
  ansible.builtin.debug:
    msg: "{{ item.run_id }} {{ item.reason }}"
  loop: "{{ answers.failed_runs }}"

- name: Wait for the runs of all hosts in the play
  threadworks.openai.openai_run_info:
    runs: "{{ ansible_play_hosts | map('extract', hostvars, 'started') }}"
    wait: true
  run_once: true
  register: all_answers

- name: Read the active runs of a thread
  threadworks.openai.openai_run_info:
    thread_id: "{{ thread.thread_id }}"
    status: [queued, in_progress]

- name: Read the failed runs of all threads since midnight
  threadworks.openai.openai_run_info:
    status: [failed, expired]
    created_after: "{{ now(utc=true).strftime('%Y-%m-%d') }}"
"""

RETURN = r"""
runs:
  description: The runs, in the order of O(runs), or newest first. Each item has the same keys as a result of
    M(threadworks.openai.openai_run).
  type: list
  elements: dict
  returned: success, and failure after the runs have been read
  contains:
    run:
      description: The run, as in the Assistants API.
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
      description: The text of the reply. Empty until the run has ended.
      type: str
      returned: always
      sample: The link flaps because its optics are too hot. Clean the fan of the line card.
    output:
      description: The reply as data, if the C(response_format) of the run requires JSON. Otherwise null.
      type: raw
      returned: always
      sample: {cause: optics, sure: true}
    messages:
      description: The messages that the run has written, oldest first. Empty until the run has ended or requires an
        action.
      type: list
      elements: dict
      returned: always
      sample: []
    usage:
      description: The number of tokens that the run has used. Null until the run has ended.
      type: dict
      returned: always
      sample: {prompt_tokens: 44, completion_tokens: 31, total_tokens: 75}
    required_action:
      description: The function calls that the run waits for, as in M(threadworks.openai.openai_run). Null if it does
        not wait for any.
      type: dict
      returned: always
      sample: null
    steps:
      description: The steps of the run, oldest first, as in the Assistants API.
      type: list
      elements: dict
      returned: with O(steps=true)
      sample: []
    details:
      description:
        - What the run has used. A value is null if it is unknown. Null for a server without details, and in check mode
          for a run that does not exist yet.
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
    item:
      description: The item of the loop that started the run.
      type: raw
      returned: when O(runs) has the results of a loop
      sample: {id: ticket-4711, text: 'Why does the link to Oslo flap?'}
statuses:
  description: The number of runs with each status. Statuses without runs are omitted.
  type: dict
  returned: success, and failure after the runs have been read
  sample: {completed: 39, failed: 1}
failed_runs:
  description:
    - The runs that ended as V(failed), V(expired), V(cancelled) or V(incomplete), or with another status in O(fail_on),
      whether or not the task fails.
    - Runs whose replies are not the required JSON are included.
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
      description: The status of the run, and the reason.
      type: str
      returned: always
      sample: "ended as failed: The model server is overloaded."
    item:
      description: The item of the loop that started the run.
      type: raw
      returned: when O(runs) has the results of a loop
      sample: {id: ticket-4711, text: 'Why does the link to Oslo flap?'}
error:
  description: The error that the server returned.
  type: dict
  returned: failure, when the server refused a request
  sample:
    status: 404
    message: No run found with id 'run_x'.
    type: invalid_request_error
    param: null
    code: run_not_found
"""

from ..module_utils._run_info import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
