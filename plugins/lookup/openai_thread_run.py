# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openai_thread_run
short_description: Read threads with their runs
version_added: 0.1.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns runs with their replies and their threads, such as those created by M(threadworks.openai.openai_thread_run).
extends_documentation_fragment:
  - threadworks.openai.connection
  - threadworks.openai.connection.plugins
  - threadworks.openai.options.lookup_openai_thread_run
options:
  _terms:
    description:
      - The runs, each as C(thread_id:run_id), or as C(run_id) together with O(thread_id).
      - For the newest run of a thread, only the id or key of the thread.
    required: true
seealso:
  - module: threadworks.openai.openai_thread_run
  - plugin: threadworks.openai.openai_run
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the reply of the newest run on a thread
  ansible.builtin.debug:
    msg: "{{ lookup('threadworks.openai.openai_thread_run', thread_id).response }}"
"""

RETURN = r"""
_raw:
  description:
    - A run for each term, as in the Assistants API. Each run also has C(response), the text of the reply, C(output),
      the reply as data if C(response_format) requires JSON, and C(thread), the thread with its C(messages), oldest
      first.
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
      thread:
        id: thread_4kTzW9bHqP1nVx6rJd2mYc8f
        object: thread
        created_at: 1795447002
        metadata: {}
        messages: []
"""

import typing as t

from ..module_utils import _read_runs, _read_threads
from ..module_utils._result import run_result
from ..module_utils._wire_reading import ReadingWire
from ..plugin_utils._lookup import ReadingLookup

if t.TYPE_CHECKING:
    from ..module_utils._types import Message, Run


class LookupModule(ReadingLookup):
    """Runs with their threads."""

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the one run that the term means, with its reply and its thread."""
        run = self._run(wire, term)
        found = wire.list("threads", run["thread_id"], "messages", query={"order": "asc"})
        messages = t.cast("list[Message]", list(found))
        result = run_result(wire, run, [message for message in messages if message["run_id"] == run["id"]])
        thread = {**wire.get("threads", run["thread_id"]), "messages": messages}
        return [{**run, "response": result["response"], "output": result["output"], "thread": thread}]

    def _run(self, wire: ReadingWire, term: str) -> Run:
        # A term alone may be the key of a thread.
        if ":" in term or self.get_option("thread_id"):
            thread_id, run_id = self.run_path(wire, term)
            return _read_runs.run(wire, thread_id, run_id)
        return _read_runs.newest_run(wire, _read_threads.thread_id(wire, term))
