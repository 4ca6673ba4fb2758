# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 1: the connection. Every module that reaches a server, and every lookup, has these options.
# `wire` is a field of the header Runtime-Options here: what the local runtime executes a run with.

from __future__ import annotations

from ._option import Option, between

CONNECTION = (
    #: The key of the model server. With O(runtime_url), the key of the served runtime.
    #:
    #: It is never stored and never shown.
    Option("api_key", "str", wire="api_key", env=("OPENAI_API_KEY",), no_log=True),
    #: The URL of the model server that executes the runs, without C(/responses) at the end. The server can be OpenAI,
    #: Azure OpenAI, vLLM, Ollama, llama.cpp or any other server with the Responses API.
    #:
    #: The default is OpenAI.
    #:
    #: This option is ignored with O(runtime_url). A served runtime has its own model server.
    Option("base_url", "str", wire="base_url", env=("OPENAI_BASE_URL",)),
    #: The organization that the model server counts the requests for.
    Option("organization", "str", wire="organization", env=("OPENAI_ORGANIZATION", "OPENAI_ORG_ID")),
    #: The project that the model server counts the requests for.
    Option("project", "str", wire="project", env=("OPENAI_PROJECT_ID",)),
    #: The URL of a served runtime, or of any other server of the Assistants v2 wire, such as
    #: V(http://127.0.0.1:8088/v1).
    #:
    #: If not set, tasks use the local runtime on the control node. It is a process of the user who runs Ansible. The
    #: first task that needs it starts it, and it ends by itself when it has been idle for O(runtime_idle_timeout).
    #:
    #: Tasks on other hosts than the control node need this option.
    #:
    #: The environment variables E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY) apply, except for loopback
    #: addresses. So do E(SSL_CERT_FILE), E(SSL_CERT_DIR), E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE).
    #:
    #: A redirect to another server is an error.
    Option("runtime_url", "str", env=("OPENAI_RUNTIME_URL",)),
    #: Where the local runtime stores assistants, threads, messages and runs. This is the path of an SQLite file, or an
    #: SQLAlchemy URL such as V(postgresql+psycopg://user@host/database).
    #:
    #: The default is the file C(threadworks.openai/runtime.db) in Ansible's home. Only its owner can read it.
    #:
    #: Each store has its own local runtime.
    Option("runtime_store", "str", env=("OPENAI_RUNTIME_STORE",)),
    #: How many seconds the local runtime stays up without a request and without a run that is active or queued.
    #:
    #: It applies from the next run on. The latest value wins.
    Option(
        "runtime_idle_timeout",
        "float",
        wire="idle_timeout",
        default=60,
        env=("OPENAI_RUNTIME_IDLE_TIMEOUT",),
        # Below a second it would end between two tasks; above a day nobody remembers it.
        check=between(1, 86400),
    ),
    #: How many runs the local runtime executes at once. Further runs are queued, and executed in order.
    #:
    #: It applies from the next run on. The latest value wins.
    Option(
        "runtime_concurrent_runs",
        "int",
        wire="concurrent_runs",
        default=32,
        env=("OPENAI_RUNTIME_CONCURRENT_RUNS",),
        check=between(1, 10000),
    ),
    #: How many seconds a server may be silent before the request fails.
    Option("timeout", "float", wire="timeout", default=120, check=between(0.001)),
    #: How often a request is repeated after a failed connection, or after one of the HTTP statuses 408, 409, 429 and
    #: 5xx. The header C(Retry-After) is respected up to one minute.
    #:
    #: A request that creates something is only repeated if it cannot create it twice.
    Option("max_retries", "int", wire="max_retries", default=2, check=between(0)),
)
NAMES = tuple(option.name for option in CONNECTION)
