# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_file_info
short_description: Read files on the model server
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns the files on the model server, newest first. Without O(file_id), O(filename) and O(purpose), the task
    returns all files.
  - The task fails if O(file_id) does not exist. It returns an empty list if no file has the name or the purpose.
  - It does not return the content of the files.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_file_info
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_file
"""

EXAMPLES = r"""
- name: Find all versions of a runbook
  threadworks.openai.openai_file_info:
    filename: disk_full.md
  register: found

- name: Delete all versions but the newest
  threadworks.openai.openai_file:
    file_id: "{{ item.id }}"
    state: absent
  loop: "{{ found.files[1:] }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
files:
  description: The files, newest first, as in the Files API.
  type: list
  elements: dict
  returned: success
  sample:
    - id: file-7hXq2LmWc9RkTz4vNp1sBd
      object: file
      created_at: 1795447000
      bytes: 2103
      filename: disk_full.md
      purpose: assistants
      status: processed
error:
  description: The error that the server returned.
  type: dict
  returned: failure, when the server refused a request
  sample:
    status: 400
    message: The model server does not offer POST /v1/files.
    type: invalid_request_error
    param: null
    code: not_offered_by_model_server
"""

from ..module_utils._file_info import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
