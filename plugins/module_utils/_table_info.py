# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 5: the _info modules.

from __future__ import annotations

from ._checks import check_assistant, check_thread, pairs, text
from ._option import Option, between
from ._table_lookups import STATUSES
from ._table_runs import FAILING

_ASSISTANTS, _THREADS, _RUNS = ("openai_assistant_info",), ("openai_thread_info",), ("openai_run_info",)

_OF_ASSISTANTS = (
    #: The id or the name of one assistant.
    Option("assistant_id", "str", _ASSISTANTS, check=check_assistant),
    #: Only assistants with this name.
    Option("name", "str", _ASSISTANTS, check=text(256)),
    #: Only assistants with these metadata pairs.
    Option("metadata", "dict", _ASSISTANTS, check=pairs(0)),
    #: The maximum number of assistants, at least 1.
    Option("limit", "int", _ASSISTANTS, check=between(1)),
)
_OF_THREADS = (
    #: The id or the key of one thread.
    Option("thread_id", "str", _THREADS, check=check_thread),
    #: Only threads with this key, which a task of M(threadworks.openai.openai_thread) or
    #: M(threadworks.openai.openai_thread_run) gave them.
    Option("key", "str", _THREADS, no_log=False, check=text(512)),
    #: Only threads with these metadata pairs.
    Option("metadata", "dict", _THREADS, check=pairs(0)),
    #: The maximum number of threads, at least 1.
    Option("limit", "int", _THREADS, check=between(1)),
    #: Whether to return the messages of each thread too.
    Option("messages", "bool", _THREADS, default=False),
    #: Whether to return the runs of each thread too.
    Option("runs", "bool", _THREADS, default=False),
)
_OF_RUNS = (
    #: The runs, in the order in which they are returned. A list in which each item is C(thread_id:run_id), C(run_id)
    #: with O(thread_id), or a dictionary with C(run_id) and C(thread_id) such as a registered result.
    #:
    #: A registered variable can be given as it is, also that of a loop, or a list of the registered variables of
    #: several hosts.
    #:
    #: Results of tasks that were skipped are left out. So are results of tasks that failed before there was a run,
    #: with a warning.
    #:
    #: In check mode, a run that an earlier task would start is returned as if it had completed.
    #:
    #: One of O(runs) and O(thread_id) is required.
    Option("runs", "raw", _RUNS),
    #: The thread whose runs are returned, by its id or its key, newest first.
    #:
    #: With O(runs), the id of the thread of the runs named there.
    Option("thread_id", "str", _RUNS, check=check_thread),
    #: Only runs of the thread that have one of these statuses when the task starts.
    Option(
        "status",
        "list",
        _RUNS,
        elements="str",
        choices=STATUSES,
    ),
    #: Only runs of the thread with this assistant, by its id or its name.
    Option("assistant_id", "str", _RUNS, check=check_assistant),
    #: Only runs of the thread with these metadata pairs.
    Option("metadata", "dict", _RUNS, check=pairs(0)),
    #: The maximum number of runs of the thread, at least 1.
    Option("limit", "int", _RUNS, check=between(1)),
    #: Whether to wait until all runs have ended. The task does not wait longer for a run that needs the outputs of its
    #: tool calls.
    Option("wait", "bool", _RUNS, default=False),
    #: How long to wait for all runs together, in seconds. After that the task fails, and its result has the runs as
    #: they are then.
    #:
    #: The runs go on. Run the task again to wait for them again.
    Option("wait_timeout", "float", _RUNS, default=600, check=between(0.001)),
    #: The statuses of a run that fail the task. The task fails after all runs have ended, and the result has all runs.
    #:
    #: Ansible shows the whole result of a task that fails. Therefore C(run), C(messages) and C(steps) are left out of
    #: each run then.
    #:
    #: The default is V([failed, expired, cancelled, incomplete]) with O(wait=true), and V([]) otherwise.
    #:
    #: A run whose reply is not the JSON that its C(response_format) asks for counts as V(failed).
    Option("fail_on", "list", _RUNS, elements="str", choices=FAILING),
    #: Whether to show how many runs have ended while the task waits. Shown only on a terminal.
    Option("progress", "bool", _RUNS, default=True),
    #: Whether to return the steps of the runs too.
    Option("steps", "bool", _RUNS, default=False),
)
INFO = (*_OF_ASSISTANTS, *_OF_THREADS, *_OF_RUNS)
