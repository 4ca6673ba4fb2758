# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_run_steps
short_description: List the steps of runs
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns the steps of runs, oldest first. A step is a message that the run has written, or a set of tools that it has
    called.
  - Always returns a list, even with C(lookup) and even for one step.
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_run_steps
options:
  _terms:
    description:
      - The runs, each as C(run_id) or C(thread_id:run_id).
      - C(run_id) without O(thread_id) requires the runtime of this collection.
    required: true
seealso:
  - module: threadworks.openai.openai_run
  - plugin: threadworks.openai.openai_run
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the functions that the model called, with their arguments and outputs
  ansible.builtin.debug:
    msg: "{{ steps | map(attribute='step_details.tool_calls', default=[]) | flatten | map(attribute='function') }}"
  vars:
    steps: "{{ query('threadworks.openai.openai_run_steps', run_id, thread_id=thread_id) }}"
"""

RETURN = r"""
_raw:
  description: The steps, as in the Assistants API.
  type: list
  elements: dict
  sample:
    - id: step_6dGqWm1xTz9LnB4vPs8KyRc2
      object: thread.run.step
      created_at: 1795447003
      run_id: run_2yHmZ6tBw9cGf4KsXo1QeVj7
      type: message_creation
      status: completed
      step_details: {type: message_creation, message_creation: {message_id: msg_8sLwQ2nYx7dPa5VuRf3KzTc1}}
      usage: {prompt_tokens: 44, completion_tokens: 31, total_tokens: 75}
"""

import typing as t

from ..module_utils import _read_runs
from ..module_utils._wire_reading import ReadingWire
from ..plugin_utils._lookup import ReadingLookup


class LookupModule(ReadingLookup):
    """The steps of a run."""

    lists = True

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the steps of the run that the term means, oldest first."""
        thread_id, run_id = self.run_path(wire, term)
        thread_id = thread_id or _read_runs.run(wire, None, run_id)["thread_id"]
        return list(wire.list("threads", thread_id, "runs", run_id, "steps", query={"order": "asc"}))
