# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openai_vector_store_info
short_description: Read vector stores on the model server
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Returns the vector stores on the model server, newest first. Without O(vector_store_id), O(name), O(key) and
    O(metadata), the task returns all vector stores.
  - The task fails if O(vector_store_id) does not exist. It returns an empty list if no vector store has the name, the
    key or the metadata.
extends_documentation_fragment:
  - threadworks.openai.attributes.info_module
  - threadworks.openai.attributes
  - threadworks.openai.attributes.action_group
  - threadworks.openai.options.openai_vector_store_info
  - threadworks.openai.connection
seealso:
  - module: threadworks.openai.openai_vector_store
"""

EXAMPLES = r"""
- name: Find a vector store by its name
  threadworks.openai.openai_vector_store_info:
    name: runbooks
    files: true
  register: found

- name: Show the files that cannot be searched
  ansible.builtin.debug:
    msg: "{{ found.vector_stores[0].files | selectattr('status', 'eq', 'failed') }}"
"""

RETURN = r"""
vector_stores:
  description:
    - The vector stores, newest first, as in the Vector Stores API.
    - With O(files=true), each vector store has its C(files).
  type: list
  elements: dict
  returned: success
  sample:
    - id: vs_4kTzW9bHqP1nVx6rJd2mYc8f
      object: vector_store
      created_at: 1795447000
      last_active_at: 1795447000
      name: runbooks
      status: completed
      usage_bytes: 2103
      file_counts: {total: 1, completed: 1, in_progress: 0, failed: 0, cancelled: 0}
      metadata: {team: network}
      files:
        - id: file-7hXq2LmWc9RkTz4vNp1sBd
          object: vector_store.file
          created_at: 1795447001
          vector_store_id: vs_4kTzW9bHqP1nVx6rJd2mYc8f
          status: completed
          last_error: null
          usage_bytes: 2103
          attributes: {}
          chunking_strategy: {type: static, static: {max_chunk_size_tokens: 800, chunk_overlap_tokens: 400}}
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
from ..module_utils._vector_store_info import SPEC, ensure


def main() -> None:
    run_module(SPEC, ensure)


if __name__ == "__main__":
    main()
