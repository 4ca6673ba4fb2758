# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Which server, and which key: the same options for modules and lookups.
    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The key of the model server. With O(runtime_url), the key of the served runtime.
      - It is never stored and never shown.
    type: str
  base_url:
    description:
      - The URL of the model server that executes the runs, without C(/responses) at the end. The server can be OpenAI,
        Azure OpenAI, vLLM, Ollama, llama.cpp or any other server with the Responses API.
      - The default is OpenAI.
      - This option is ignored with O(runtime_url). A served runtime has its own model server.
    type: str
  organization:
    description: The organization that the model server counts the requests for.
    type: str
  project:
    description: The project that the model server counts the requests for.
    type: str
  runtime_url:
    description:
      - The URL of a served runtime, or of any other server of the Assistants v2 wire, such as
        V(http://127.0.0.1:8088/v1).
      - If not set, tasks use the local runtime on the control node. It is a process of the user who runs Ansible. The
        first task that needs it starts it, and it ends by itself when it has been idle for O(runtime_idle_timeout).
      - Tasks on other hosts than the control node need this option.
      - The environment variables E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY) apply, except for
        loopback addresses. So do E(SSL_CERT_FILE), E(SSL_CERT_DIR), E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE).
      - A redirect to another server is an error.
    type: str
  runtime_store:
    description:
      - Where the local runtime stores assistants, threads, messages and runs. This is the path of an SQLite file, or an
        SQLAlchemy URL such as V(postgresql+psycopg://user@host/database).
      - The default is the file C(threadworks.openai/runtime.db) in Ansible's home. Only its owner can read it.
      - Each store has its own local runtime.
    type: str
  runtime_idle_timeout:
    description:
      - How many seconds the local runtime stays up without a request and without a run that is active or queued.
      - It applies from the next run on. The latest value wins.
    type: float
    default: 60
  runtime_concurrent_runs:
    description:
      - How many runs the local runtime executes at once. Further runs are queued, and executed in order.
      - It applies from the next run on. The latest value wins.
    type: int
    default: 32
  timeout:
    description: How many seconds a server may be silent before the request fails.
    type: float
    default: 120
  max_retries:
    description:
      - How often a request is repeated after a failed connection, or after one of the HTTP statuses 408, 409, 429 and
        5xx. The header C(Retry-After) is respected up to one minute.
      - A request that creates something is only repeated if it cannot create it twice.
    type: int
    default: 2
requirements:
  - For the local runtime, the Python libraries in the C(requirements.txt) of the collection, on the control node.
  - With O(runtime_url), no Python libraries.
"""

    # Where plugins of the control node find them. The modules' action plugins read the same variables and settings.
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
  runtime_idle_timeout:
    env:
      - name: OPENAI_RUNTIME_IDLE_TIMEOUT
    ini:
      - section: openai
        key: runtime_idle_timeout
    vars:
      - name: openai_runtime_idle_timeout
  runtime_concurrent_runs:
    env:
      - name: OPENAI_RUNTIME_CONCURRENT_RUNS
    ini:
      - section: openai
        key: runtime_concurrent_runs
    vars:
      - name: openai_runtime_concurrent_runs
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
