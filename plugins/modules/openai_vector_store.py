# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_vector_store
short_description: Manage a vector store with its files
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Creates, updates and deletes a vector store on the model server, and adds and removes files to match O(files).
    Assistants search it with the tool C(file_search).
  - The vector store is identified by its key, or by its name, or by its id. Options that are not set are not changed.
  - The task waits until the files are indexed, and fails if a file cannot be indexed. Its result contains the reasons.
  - The model server must support the Vector Stores API, such as OpenAI, Azure OpenAI and OGX (Llama Stack).
extends_documentation_fragment:
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_vector_store
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_vector_store_info
  - module: threadworks.openai.openai_file
  - module: threadworks.openai.openai_assistant
"""

EXAMPLES = r"""
- name: Create a vector store with the runbooks of a directory
  threadworks.openai.openai_vector_store:
    name: runbooks
    files: "{{ query('ansible.builtin.fileglob', 'runbooks/*.md') }}"
  register: runbooks

- name: Create an assistant that searches the runbooks
  threadworks.openai.openai_assistant:
    name: Runbook assistant
    model: gpt-6-luna
    tools:
      - type: file_search
    tool_resources:
      file_search:
        vector_store_ids: ["{{ runbooks.vector_store_id }}"]

- name: Delete a vector store with its files
  threadworks.openai.openai_vector_store:
    name: Old runbooks
    delete_files: true
    state: absent
"""

RETURN = r"""
vector_store:
  description: The vector store, as in the Vector Stores API. Null if it has been deleted.
  type: dict
  returned: success
  sample:
    id: vs_4kTzW9bHqP1nVx6rJd2mYc8f
    object: vector_store
    created_at: 1795447000
    last_active_at: 1795447000
    name: runbooks
    status: completed
    usage_bytes: 2103
    file_counts: {total: 1, completed: 1, in_progress: 0, failed: 0, cancelled: 0}
    metadata: {team: network}
vector_store_id:
  description:
    - The id of the vector store. In check mode, V((known after apply)) for a vector store that does not exist yet.
  type: str
  returned: success
  sample: vs_4kTzW9bHqP1nVx6rJd2mYc8f
files:
  description: All files of the vector store, as in the Vector Stores API, each with its C(filename).
  type: list
  elements: dict
  returned: success
  sample:
    - id: file-7hXq2LmWc9RkTz4vNp1sBd
      object: vector_store.file
      created_at: 1795447001
      vector_store_id: vs_4kTzW9bHqP1nVx6rJd2mYc8f
      status: completed
      last_error: null
      usage_bytes: 2103
      attributes: {}
      chunking_strategy: {type: static, static: {max_chunk_size_tokens: 800, chunk_overlap_tokens: 400}}
      filename: disk_full.md
added_files:
  description: The files that were added, or added again because they could not be indexed before.
  type: list
  elements: dict
  returned: success
  sample:
    - file_id: file-7hXq2LmWc9RkTz4vNp1sBd
      filename: disk_full.md
removed_files:
  description: The files that were removed.
  type: list
  elements: dict
  returned: success
  sample:
    - file_id: file-2nYx7dPa5VuRf3KzTc1sLw
      filename: disk_full.md
failed_files:
  description: The files that cannot be searched. C(last_error) has the reason. If there are any, the task fails.
  type: list
  elements: dict
  returned: success, or failure if files cannot be searched
  sample: []
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

from ..module_utils._task import run_module
from ..module_utils._vector_store import SPEC, ensure


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
