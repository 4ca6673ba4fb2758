# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_import
short_description: Import assistants and threads
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Imports assistants, threads, messages, runs and steps that were exported from a server of the Assistants API, or
    that such a server still has. Ids, times, order and metadata are kept.
  - If the import is repeated, objects that have been imported are unchanged. A thread is imported completely or not at
    all. If something cannot be imported, everything else is, and the task fails and lists the problems. If a file
    cannot be read at all, nothing is imported.
  - Files and vector stores are not imported. C(report.files) lists those that are used.
  - Runs that are active in the source are imported as expired.
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_import
  - threadworks.openai.connection
attributes:
  check_mode:
    description: Can run in C(check_mode). The runtime reads and checks everything, and reports what it would import.
  async:
    support: none
    details: The module must run on the control node.
  local_action:
    support: full
    details: The task always runs on the control node, as the user who runs the playbook. The host and C(become) of the
      task are ignored.
seealso:
  - module: threadworks.openai.openai_export
"""

EXAMPLES = r"""
- name: Import the exports of the original service
  threadworks.openai.openai_import:
    src: assistants-export/

- name: Import two threads from another server
  threadworks.openai.openai_import:
    source_url: https://runtime.example.com/v1
    source_api_key: "{{ vault_source_token }}"
    source_threads:
      - thread_4kTzW9bHqP1nVx6rJd2mYc8f
      - thread_7nQdR2vKxS5bWm8tLc3yHg6j

- name: Import threads whose files are gone
  threadworks.openai.openai_import:
    src: assistants-export/
    files: text
    unknown: convert
"""

RETURN = r"""
report:
  description:
    - The result of the import. The lists contain up to 100 entries. The numbers of all entries are in keys that end in
      C(_count), such as C(problems_count).
    - C(assistants), C(threads), C(messages), C(runs) and C(steps) contain numbers of objects.
    - C(problems) lists what could not be imported, C(notes) what was changed, C(missing) what the source does not have,
      and C(files) the files and vector stores that were not imported.
  type: dict
  returned: success, and failure if the runtime has read the import
  sample:
    object: import
    dry_run: false
    changed: true
    failed: false
    assistants: {read: 1, new: 1, unchanged: 0, replaced: 0, kept: 0, failed: 0}
    threads: {read: 1, new: 1, unchanged: 0, replaced: 0, kept: 0, failed: 0}
    messages: {read: 2, new: 2, unchanged: 0, replaced: 0, kept: 0, failed: 0}
    runs: {read: 1, new: 1, unchanged: 0, replaced: 0, kept: 0, failed: 0}
    steps: {read: 1, new: 1, unchanged: 0, replaced: 0, kept: 0, failed: 0}
    new_ids:
      assistants: [asst_9fDkVp2yQzL4mT1cXw8sRb3n]
      threads: [thread_4kTzW9bHqP1nVx6rJd2mYc8f]
    pages_of_unknown_order: 0
    problems: []
    problems_count: 0
    notes: []
    notes_count: 0
    missing: []
    missing_count: 0
    files:
      - id: file-5mXcTbKq8w
        name: plot.png
        used_by: msg_8sVbNq3kXw6dRz1yLm5pTc2h
    files_count: 1
"""

from ..module_utils._import import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
