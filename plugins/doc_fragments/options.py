# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ..plugin_utils import _documentation

_LOOKUPS: dict[str, t.Any] = {
    "notes": [
        (
            "Lookups only read. They are evaluated each time they are used. Within a task, a result is cached for one "
            "second."
        )
    ],
    "attributes": {
        "check_mode": {
            "description": ["Can be used in C(check_mode). Returns the predicted state after the earlier tasks."],
            "support": "full",
        }
    },
}


# The annotations are needed: without them, ansible-test expects string literals.
class ModuleDocFragment:
    """The options of each module and lookup, from `module_utils/_table_*.py`, without the connection options."""

    OPENAI_ASSISTANT: str = _documentation.of_module("openai_assistant")
    OPENAI_ASSISTANT_INFO: str = _documentation.of_module("openai_assistant_info")
    OPENAI_EXPORT: str = _documentation.of_module("openai_export")
    OPENAI_IMPORT: str = _documentation.of_module("openai_import")
    OPENAI_FILE: str = _documentation.of_module("openai_file")
    OPENAI_FILE_INFO: str = _documentation.of_module("openai_file_info")
    OPENAI_LOCAL_RUNTIME: str = _documentation.of_module("openai_local_runtime")
    OPENAI_LOCAL_RUNTIME_INFO: str = _documentation.of_module("openai_local_runtime_info")
    OPENAI_MESSAGE: str = _documentation.of_module("openai_message")
    OPENAI_RUN: str = _documentation.of_module("openai_run")
    OPENAI_RUN_INFO: str = _documentation.of_module("openai_run_info")
    OPENAI_THREAD: str = _documentation.of_module("openai_thread")
    OPENAI_THREAD_INFO: str = _documentation.of_module("openai_thread_info")
    OPENAI_THREAD_RUN: str = _documentation.of_module("openai_thread_run")
    OPENAI_TOOL_CALL: str = _documentation.of_module("openai_tool_call")
    OPENAI_TOOL_TURN: str = _documentation.of_module("openai_tool_turn")
    OPENAI_VECTOR_STORE: str = _documentation.of_module("openai_vector_store")
    OPENAI_VECTOR_STORE_INFO: str = _documentation.of_module("openai_vector_store_info")

    LOOKUP_OPENAI_ASSISTANT: str = _documentation.of_lookup("openai_assistant", **_LOOKUPS)
    LOOKUP_OPENAI_ASSISTANTS: str = _documentation.of_lookup("openai_assistants", **_LOOKUPS)
    LOOKUP_OPENAI_MESSAGES: str = _documentation.of_lookup("openai_messages", **_LOOKUPS)
    LOOKUP_OPENAI_RUN: str = _documentation.of_lookup("openai_run", **_LOOKUPS)
    LOOKUP_OPENAI_RUN_STEPS: str = _documentation.of_lookup("openai_run_steps", **_LOOKUPS)
    LOOKUP_OPENAI_RUNS: str = _documentation.of_lookup("openai_runs", **_LOOKUPS)
    LOOKUP_OPENAI_THREAD: str = _documentation.of_lookup("openai_thread", **_LOOKUPS)
    LOOKUP_OPENAI_THREAD_RUN: str = _documentation.of_lookup("openai_thread_run", **_LOOKUPS)
    LOOKUP_OPENAI_THREADS: str = _documentation.of_lookup("openai_threads", **_LOOKUPS)
