# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_runs
short_description: List the runs of threads
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns the runs of threads, newest first. Without terms, it returns the runs of all threads.
  - Always returns a list, even with C(lookup) and even for one run.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_runs
options:
  _terms:
    description: The ids or keys of the threads. If there are none, the runs of all threads are returned. Only the
      runtime of this collection supports this.
seealso:
  - module: threadworks.openai.openai_run
  - plugin: threadworks.openai.openai_run
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the errors of failed runs
  ansible.builtin.debug:
    msg: "{{ runs | map(attribute='last_error.message') }}"
  vars:
    runs: "{{ query('threadworks.openai.openai_runs', thread_id, status=['failed']) }}"

- name: Count the active runs of all threads
  ansible.builtin.debug:
    msg: "{{ query('threadworks.openai.openai_runs', status=['queued', 'in_progress', 'requires_action']) | length }}"
"""

RETURN = r"""
_raw:
  description: The runs, as in the Assistants API.
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
"""

import typing as t

from ..module_utils import _read_assistants, _read_runs, _read_threads
from ..module_utils._wire_reading import ReadingWire
from ..plugin_utils._lookup import ReadingLookup


class LookupModule(ReadingLookup):
    """The runs of threads."""

    lists = True
    needs_terms = False

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the runs of the thread, or of all threads, newest first."""
        assistant = self.get_option("assistant_id")
        wanted = _read_runs.RunFilter(
            self.get_option("status"),
            assistant and _read_assistants.assistant_id(wire, assistant),
            self.pairs(),
            *(self._given[name] for name in ("created_after", "created_before")),
        )
        if not term:
            return list(_read_runs.all_runs(wire, wanted, self._given["limit"]))
        return self.limited(_read_runs.runs(wire, _read_threads.thread_id(wire, term), wanted))
