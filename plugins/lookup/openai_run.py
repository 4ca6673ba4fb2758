# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_run
short_description: Read runs
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description: Returns runs with their replies.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_run
options:
  _terms:
    description:
      - The runs, each as C(run_id) or C(thread_id:run_id).
      - C(run_id) without O(thread_id) requires the runtime of this collection.
    required: true
seealso:
  - module: threadworks.openai.openai_run
  - plugin: threadworks.openai.openai_runs
    plugin_type: lookup
  - plugin: threadworks.openai.openai_run_steps
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the status of a run
  ansible.builtin.debug:
    msg: "{{ lookup('threadworks.openai.openai_run', run_id).status }}"

- name: Wait until a run has ended
  ansible.builtin.debug:
    msg: The run has ended.
  until: run.status not in ['queued', 'in_progress', 'cancelling']
  retries: 60
  delay: 2
  vars:
    run: "{{ lookup('threadworks.openai.openai_run', thread_id ~ ':' ~ run_id) }}"
"""

RETURN = r"""
_raw:
  description:
    - A run for each term, as in the Assistants API. Each run also has C(response), the text of the reply, and
      C(output), the reply as data if C(response_format) requires JSON.
  type: list
  elements: dict
  sample:
    - id: run_2yHmZ6tBw9cGf4KsXo1QeVj7
      object: thread.run
      created_at: 1795447003
      thread_id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
      assistant_id: asst_9fDkVp2yQzL4mT1cXw8sRb3n
      status: completed
      started_at: 1795447003
      completed_at: 1795447004
      model: gpt-6-luna
      usage: {prompt_tokens: 44, completion_tokens: 31, total_tokens: 75}
      response: The link flaps because its optics are too hot.
      output: null
"""

import typing as t

from ..module_utils import _read_runs
from ..module_utils._result import run_result
from ..module_utils._wire_reading import ReadingWire
from ..plugin_utils._lookup import ReadingLookup


class LookupModule(ReadingLookup):
    """Runs with their replies."""

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the one run that the term means, with its reply."""
        thread_id, run_id = self.run_path(wire, term)
        run = _read_runs.run(wire, thread_id, run_id)
        result = run_result(wire, run)
        return [{**run, "response": result["response"], "output": result["output"]}]
