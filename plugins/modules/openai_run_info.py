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
  - threadworks.openai.connection
options:
  runs:
    description:
      - The runs, in the order in which they are returned. A list in which each item is C(thread_id:run_id), C(run_id)
        with O(thread_id), or a dictionary with C(run_id) and C(thread_id) such as a registered result.
      - A registered variable can be given as it is, also that of a loop, or a list of the registered variables of
        several hosts.
      - Results of tasks that were skipped are left out. So are results of tasks that failed before there was a run,
        with a warning.
      - In check mode, a run that an earlier task would start is returned as if it had completed.
      - One of O(runs) and O(thread_id) is required.
    type: raw
  thread_id:
    description:
      - The thread whose runs are returned, by its id or its key, newest first.
      - With O(runs), the id of the thread of the runs named there.
    type: str
  status:
    description: Only runs of the thread that have one of these statuses when the task starts.
    type: list
    elements: str
    choices: [queued, in_progress, requires_action, cancelling, cancelled, failed, completed, incomplete, expired]
  assistant_id:
    description: Only runs of the thread with this assistant, by its id or its name.
    type: str
  metadata:
    description: Only runs of the thread with these metadata pairs.
    type: dict
  limit:
    description: The maximum number of runs of the thread, at least 1.
    type: int
  wait:
    description:
      - Whether to wait until all runs have ended. The task does not wait longer for a run that needs the outputs of its
        tool calls.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait for all runs together, in seconds. After that the task fails, and its result has the runs as
        they are then.
      - The runs go on. Run the task again to wait for them again.
    type: float
    default: 600
  fail_on:
    description:
      - The statuses of a run that fail the task. The task fails after all runs have ended, and the result has all runs.
      - Ansible shows the whole result of a task that fails. Therefore C(run), C(messages) and C(steps) are left out of
        each run then.
      - The default is V([failed, expired, cancelled, incomplete]) with O(wait=true), and V([]) otherwise.
      - A run whose reply is not the JSON that its C(response_format) asks for counts as V(failed).
    type: list
    elements: str
    choices: [failed, expired, cancelled, incomplete, requires_action]
  progress:
    description: Whether to show how many runs have ended while the task waits. Shown only on a terminal.
    type: bool
    default: true
  steps:
    description: Whether to return the steps of the runs too.
    type: bool
    default: false
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
