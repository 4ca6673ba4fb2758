# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 5: the _info modules.

from __future__ import annotations

from ._checks import check_assistant, check_thread, check_time, pairs, text
from ._option import Option, between
from ._table_lookups import STATUSES
from ._table_runs import FAILING

_ASSISTANTS, _THREADS, _RUNS = ("openai_assistant_info",), ("openai_thread_info",), ("openai_run_info",)

_OF_ASSISTANTS = (
    #: The id or the name of an assistant.
    Option("assistant_id", "str", _ASSISTANTS, check=check_assistant),
    #: Return only assistants with this name.
    Option("name", "str", _ASSISTANTS, check=text(256)),
    #: Return only assistants with these metadata pairs.
    Option("metadata", "dict", _ASSISTANTS, check=pairs(0)),
    #: The maximum number of assistants, at least 1.
    Option("limit", "int", _ASSISTANTS, check=between(1)),
)
_OF_THREADS = (
    #: The id or the key of a thread.
    Option("thread_id", "str", _THREADS, check=check_thread),
    #: Return only threads with this key. The key is set by M(threadworks.openai.openai_thread) or
    #: M(threadworks.openai.openai_thread_run).
    Option("key", "str", _THREADS, no_log=False, check=text(512)),
    #: Return only threads with these metadata pairs.
    Option("metadata", "dict", _THREADS, check=pairs(0)),
    #: The maximum number of threads, at least 1.
    Option("limit", "int", _THREADS, check=between(1)),
    #: Whether to return the messages of each thread.
    Option("messages", "bool", _THREADS, default=False),
    #: Whether to return the runs of each thread.
    Option("runs", "bool", _THREADS, default=False),
)
_OF_RUNS = (
    #: The runs to return, in this order. A list in which each item is C(run_id), C(thread_id:run_id), or a dictionary
    #: with C(run_id) and C(thread_id), such as a registered result.
    #:
    #: Without its thread, a run is found by its id if the server is the runtime of this collection. Other servers need
    #: C(thread_id:run_id) or O(thread_id).
    #:
    #: You can also use the registered variable of a task or of a loop, or a list of the registered variables of several
    #: hosts.
    #:
    #: Results of skipped tasks are ignored. Results of tasks that failed before they created a run are ignored with a
    #: warning.
    #:
    #: In check mode, a run that an earlier task would create is returned as completed.
    #:
    #: One of O(runs), O(thread_id) and the filters is required.
    Option("runs", "raw", _RUNS),
    #: The thread whose runs are returned, newest first, specified by its id or its key.
    #:
    #: With O(runs), the thread of the runs that are specified without a thread.
    #:
    #: Without O(runs) and O(thread_id), the filters select runs of all threads. Only the runtime of this collection
    #: supports this.
    Option("thread_id", "str", _RUNS, check=check_thread),
    #: Return only runs that have one of these statuses when the task starts.
    Option(
        "status",
        "list",
        _RUNS,
        elements="str",
        choices=STATUSES,
    ),
    #: Return only runs with this assistant, specified by its id or its name.
    Option("assistant_id", "str", _RUNS, check=check_assistant),
    #: Return only runs with these metadata pairs.
    Option("metadata", "dict", _RUNS, check=pairs(0)),
    #: Return only runs that were created at this time or later. A date or a time in ISO 8601 format, or Unix seconds.
    #: The default time zone is UTC.
    Option("created_after", "str", _RUNS, check=check_time),
    #: Return only runs that were created before this time. Same format as O(created_after).
    Option("created_before", "str", _RUNS, check=check_time),
    #: The maximum number of runs, at least 1.
    Option("limit", "int", _RUNS, check=between(1)),
    #: Whether to wait until all runs have ended. The task does not wait for runs that require tool outputs.
    Option("wait", "bool", _RUNS, default=False),
    #: The maximum time to wait for all runs together, in seconds. After this time, the task fails. Its result contains
    #: the current state of the runs.
    #:
    #: The runs continue. Run the task again to wait for them.
    Option("wait_timeout", "float", _RUNS, default=600, check=between(0.001)),
    #: The statuses of a run for which the task fails. The task fails after all runs have ended, and its result contains
    #: all runs.
    #:
    #: Because Ansible displays the whole result of a failed task, C(run), C(messages) and C(steps) of each run are
    #: omitted from it.
    #:
    #: The default is V([failed, expired, cancelled, incomplete]) with O(wait=true), and V([]) otherwise.
    #:
    #: A run counts as V(failed) if its reply is not the JSON that its C(response_format) requires.
    Option("fail_on", "list", _RUNS, elements="str", choices=FAILING),
    #: Whether to display the number of runs that have ended while the task waits. Only applies to terminals.
    Option("progress", "bool", _RUNS, default=True),
    #: Whether to return the steps of the runs.
    Option("steps", "bool", _RUNS, default=False),
    #: Whether to return what the runs have used: tokens, time and cost.
    Option("details", "bool", _RUNS, default=False, env=("OPENAI_RUN_DETAILS",), version_added="0.2.0"),
)
INFO = (*_OF_ASSISTANTS, *_OF_THREADS, *_OF_RUNS)
