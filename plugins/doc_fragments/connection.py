# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Who is asked, and with which key: the same options for modules and lookups.
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The key of the model server, or, with O(runtime_url), of the served runtime.
      - It is never stored and never shown.
    type: str
  base_url:
    description:
      - The server that runs are executed on, with the path up to and without C(/responses). It can be OpenAI, Azure
        OpenAI, vLLM, Ollama, llama.cpp or any other server with the Responses API.
      - OpenAI if not set. Not used with O(runtime_url), where the model server is that server's matter.
    type: str
  organization:
    description: The organization that requests are counted for.
    type: str
  project:
    description: The project that requests are counted for.
    type: str
  runtime_url:
    description:
      - A served runtime, or any other server of the Assistants v2 wire, such as V(http://127.0.0.1:8088/v1).
      - If not set, the runtime is embedded in the playbook's own process.
    type: str
  runtime_store:
    description:
      - Where the embedded runtime keeps assistants, threads, messages and runs. The path of an SQLite file, or an
        SQLAlchemy URL such as V(postgresql+psycopg://user@host/database).
      - If not set, it is the file C(threadworks.openai/runtime.db) in Ansible's home, readable by its owner only.
    type: str
  timeout:
    description: How long a server may be silent, in seconds.
    type: float
    default: 120
  max_retries:
    description:
      - How often a request is sent again after a failed connection, or after an answer that asks to come back later.
    type: int
    default: 2
requirements:
  - openai >= 3, < 4
  - falcon >= 4, SQLAlchemy >= 2, pydantic >= 2 and jsonschema for the embedded runtime
"""

    # Where plugins of the control node find them too. The modules' action plugins read the same variables and settings.
    PLUGINS = r"""
options:
  api_key:
    env:
      - name: OPENAI_API_KEY
    vars:
      - name: openai_api_key
  base_url:
    env:
      - name: OPENAI_BASE_URL
    ini:
      - section: openai
        key: base_url
    vars:
      - name: openai_base_url
  organization:
    env:
      - name: OPENAI_ORGANIZATION
      - name: OPENAI_ORG_ID
    ini:
      - section: openai
        key: organization
    vars:
      - name: openai_organization
  project:
    env:
      - name: OPENAI_PROJECT_ID
    ini:
      - section: openai
        key: project
    vars:
      - name: openai_project
  runtime_url:
    env:
      - name: OPENAI_RUNTIME_URL
    ini:
      - section: openai
        key: runtime_url
    vars:
      - name: openai_runtime_url
  runtime_store:
    default: '{{ ANSIBLE_HOME ~ "/threadworks.openai/runtime.db" }}'
    env:
      - name: OPENAI_RUNTIME_STORE
    ini:
      - section: openai
        key: runtime_store
    vars:
      - name: openai_runtime_store
  timeout:
    ini:
      - section: openai
        key: timeout
    vars:
      - name: openai_timeout
  max_retries:
    ini:
      - section: openai
        key: max_retries
    vars:
      - name: openai_max_retries
"""
