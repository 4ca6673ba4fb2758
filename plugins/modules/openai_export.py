# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_export
short_description: Export assistants and threads
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Exports assistants, threads, messages, runs and steps to a file with JSON lines, to archive them, to inspect them,
    or to import them into another store with M(threadworks.openai.openai_import).
  - Each line is an object of the Assistants API. Equal stores have equal exports, so the file only changes if the store
    has changed.
  - Exports do not contain keys, files or vector stores.
  - The task fails if the store does not exist.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_export
  - threadworks.openai.connection
attributes:
  check_mode:
    description: Can run in C(check_mode). The export is compared with the file.
  async:
    support: none
    details: The module must run on the control node.
  local_action:
    support: full
    details: The task always runs on the control node, as the user who runs the playbook. The host and C(become) of the
      task are ignored.
seealso:
  - module: threadworks.openai.openai_import
"""

EXAMPLES = r"""
- name: Export everything
  threadworks.openai.openai_export:
    dest: archive.jsonl

- name: Export one thread
  threadworks.openai.openai_export:
    dest: ticket-4711.jsonl
    thread_ids: ["{{ thread.thread_id }}"]
"""

RETURN = r"""
dest:
  description: The path of the file.
  type: str
  returned: success
  sample: /home/anna/playbooks/archive.jsonl
size:
  description: The size of the export in bytes. Null in check mode if an earlier task would create one of the threads.
  type: int
  returned: success
  sample: 18230
counts:
  description: The numbers of exported objects. Null in check mode if an earlier task would create one of the threads.
  type: dict
  returned: success
  sample: {assistants: 1, threads: 3, messages: 12, runs: 6, steps: 6}
"""

from ..module_utils._export import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
