# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 1: the connection. Every module that reaches a server, and every lookup, has these options.
# `wire` is a field of the header Runtime-Options here: what the local runtime executes a run with.

from __future__ import annotations

import typing as t

from ._option import Option, between


def _prices(option: str, value: t.Any) -> str:
    # Imported here, because most tasks do not set it.
    from ._spending import check_prices

    return check_prices(option, value)


def _budget(option: str, value: t.Any) -> str:
    from ._spending import check_budget

    return check_budget(option, value)


CONNECTION = (
    #: The API key of the model server. With O(runtime_url), the token of the served runtime.
    #:
    #: The key is never stored or displayed.
    Option("api_key", "str", wire="api_key", env=("OPENAI_API_KEY",), no_log=True),
    #: The URL of the model server, without C(/responses) at the end. You can use OpenAI, Azure OpenAI, vLLM, Ollama,
    #: llama.cpp or any other server that supports the Responses API.
    #:
    #: The default is OpenAI.
    #:
    #: This option is ignored if O(runtime_url) is set, because a served runtime has its own model server.
    Option("base_url", "str", wire="base_url", env=("OPENAI_BASE_URL",)),
    #: The organization that the model server counts the requests for.
    Option("organization", "str", wire="organization", env=("OPENAI_ORGANIZATION", "OPENAI_ORG_ID")),
    #: The project that the model server counts the requests for.
    Option("project", "str", wire="project", env=("OPENAI_PROJECT_ID",)),
    #: The URL of a served runtime, or of another server of the Assistants API v2, such as V(http://127.0.0.1:8088/v1).
    #:
    #: If not set, tasks use the local runtime on the control node. This is a process of the user who runs Ansible. It
    #: is started by the first task that needs it, and exits when it has been idle for O(runtime_idle_timeout).
    #:
    #: This option is required for tasks on hosts other than the control node.
    #:
    #: The environment variables E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY) apply, except for loopback
    #: addresses. So do E(SSL_CERT_FILE), E(SSL_CERT_DIR), E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE).
    #:
    #: A redirect to another server is an error.
    Option("runtime_url", "str", env=("OPENAI_RUNTIME_URL",)),
    #: The store of the local runtime for assistants, threads, messages and runs. Set it to the path of an SQLite file,
    #: or to an SQLAlchemy URL such as V(postgresql+psycopg://user@host/database).
    #:
    #: The default is the file C(threadworks.openai/runtime.db) in Ansible's home directory. Only its owner can read it.
    #:
    #: Each store has its own local runtime.
    Option("runtime_store", "str", env=("OPENAI_RUNTIME_STORE",)),
    #: The number of seconds without requests and without active or queued runs after which the local runtime exits.
    #:
    #: A changed value takes effect with the next run. If tasks set different values, the most recent one is used.
    Option(
        "runtime_idle_timeout",
        "float",
        wire="idle_timeout",
        default=60,
        env=("OPENAI_RUNTIME_IDLE_TIMEOUT",),
        # With less than a second, the runtime would exit between two tasks. More than a day is probably a mistake.
        check=between(1, 86400),
    ),
    #: The maximum number of runs that the local runtime executes at the same time. Further runs are queued, and
    #: executed in order.
    #:
    #: A changed value takes effect with the next run. If tasks set different values, the most recent one is used.
    Option(
        "runtime_concurrent_runs",
        "int",
        wire="concurrent_runs",
        default=32,
        env=("OPENAI_RUNTIME_CONCURRENT_RUNS",),
        check=between(1, 10000),
    ),
    #: The number of seconds that a server can be silent before the request fails.
    Option("timeout", "float", wire="timeout", default=120, check=between(0.001)),
    #: The maximum number of requests to the model server in 60 seconds. All requests of the local runtime to the same
    #: server with the same key are counted. Further requests wait in order.
    #:
    #: There is no limit by default. In any case, requests wait if the model server reports that its rate limit is
    #: reached.
    #:
    #: This option is ignored if O(runtime_url) is set, because a served runtime has its own limits.
    Option(
        "requests_per_minute",
        "int",
        wire="requests_per_minute",
        env=("OPENAI_REQUESTS_PER_MINUTE",),
        check=between(1, 10**9),
        version_added="0.2.0",
    ),
    #: The maximum number of tokens that are sent to and received from the model server in 60 seconds, as
    #: O(requests_per_minute). Before an answer is complete, its tokens are estimated.
    Option(
        "tokens_per_minute",
        "int",
        wire="tokens_per_minute",
        no_log=False,
        env=("OPENAI_TOKENS_PER_MINUTE",),
        check=between(1, 10**9),
        version_added="0.2.0",
    ),
    #: The maximum number of requests to the model server at the same time, as O(requests_per_minute).
    Option(
        "concurrent_requests",
        "int",
        wire="concurrent_requests",
        env=("OPENAI_CONCURRENT_REQUESTS",),
        check=between(1, 10000),
        version_added="0.2.0",
    ),
    #: The maximum number of retries after a failed connection, or after the HTTP status 408, 409, 429 or 5xx. The
    #: header C(Retry-After) is respected up to one minute.
    #:
    #: The local runtime repeats requests that a model server refuses with the status 429 until the run expires. With
    #: V(0), the run fails instead.
    #:
    #: A request that creates an object is only repeated if this cannot create a second object.
    Option("max_retries", "int", wire="max_retries", default=2, check=between(0)),
    #: The prices of models, for the cost of runs. A dictionary of models. The value of each model is a dictionary with
    #: the prices C(input), C(cached) and C(output) in US dollars per million tokens. The default of C(cached) is the
    #: price C(input).
    #:
    #: By default, the prices come from the library C(genai-prices). The cost of a model that it does not know, and of
    #: a model server on the same machine, is unknown.
    #:
    #: You can also use a JSON string.
    #:
    #: This option is ignored if O(runtime_url) is set, because a served runtime has its own prices.
    Option("prices", "raw", wire="prices", env=("OPENAI_RUN_PRICES",), check=_prices, version_added="0.2.0"),
    #: A limit for the tokens and the cost of all runs that use a budget of this name, in the same store.
    #:
    #: A dictionary with these keys. C(name) is the name of the budget. C(tokens) is the maximum number of tokens,
    #: C(cost) is the maximum cost in US dollars. Set at least one of them. C(per) is V(run), V(play), V(hour), V(day)
    #: or V(month). The limit applies to each run, to each execution of C(ansible-playbook), or to each hour, day or
    #: month in UTC.
    #:
    #: A task that would start a run over the budget fails. A run that exceeds the budget ends as C(incomplete) before
    #: its next request to the model.
    #:
    #: You can also use a JSON string.
    Option("budget", "raw", env=("OPENAI_RUN_BUDGET",), check=_budget, version_added="0.2.0"),
)
NAMES = tuple(option.name for option in CONNECTION)
