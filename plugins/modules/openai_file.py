# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_file
short_description: Upload a file to the model server
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Uploads and deletes a file, for example for the search of assistants, or as an attachment of messages.
  - A file is identified by its content (SHA-256), its name and its purpose, or by its id. If the model server has such
    a file, it is reused. A file on the model server cannot be changed, so a changed file is uploaded as a new file.
  - Model servers do not report digests. The runtime stores the digest of each file that passes through it, and checks
    whether the file still exists. See the guide on files for details.
  - The model server must support the Files API, such as OpenAI, Azure OpenAI and OGX (Llama Stack).
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_file
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_file_info
  - module: threadworks.openai.openai_vector_store
"""

EXAMPLES = r"""
- name: Upload a runbook
  threadworks.openai.openai_file:
    path: disk_full.md
  register: runbook

- name: Upload a report that is not stored on the disk
  threadworks.openai.openai_file:
    content: "{{ ansible_facts | to_nice_json }}"
    filename: facts.json

- name: Delete all versions of a runbook
  threadworks.openai.openai_file:
    filename: old_runbook.md
    state: absent
"""

RETURN = r"""
file:
  description: The file, as in the Files API, with its digest. Null if it has been deleted.
  type: dict
  returned: success
  sample:
    id: file-7hXq2LmWc9RkTz4vNp1sBd
    object: file
    created_at: 1795447000
    bytes: 2103
    filename: disk_full.md
    purpose: assistants
    status: processed
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
file_id:
  description: The id of the file. In check mode, V((known after apply)) for a file that does not exist yet.
  type: str
  returned: success
  sample: file-7hXq2LmWc9RkTz4vNp1sBd
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

from ..module_utils._file import SPEC, ensure
from ..module_utils._task import run_module


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
