# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 2: the lookups. Every lookup has the connection options too.

from __future__ import annotations

import typing as t

from ._option import Option, between

STATUSES = (
    "queued",
    "in_progress",
    "requires_action",
    "cancelling",
    "cancelled",
    "failed",
    "completed",
    "incomplete",
    "expired",
)
_OF_RUNS = ("openai_run", "openai_run_steps", "openai_thread_run")


def _check_pairs(option: str, value: t.Any) -> t.Any:
    # Imported here: most lookups have no such option, and pay for what they import in each task.
    from ._checks import pairs

    return pairs(0)(option, value)


def _check_time(option: str, value: t.Any) -> t.Any:
    from ._checks import check_time

    return check_time(option, value)


LOOKUPS = (
    #: What to do if an object does not exist. V(error) fails, V(warn) omits the object and displays a warning, V(skip)
    #: omits the object without a warning.
    Option(
        "on_missing",
        "str",
        lookups=(
            "openai_assistant",
            "openai_assistants",
            "openai_messages",
            "openai_runs",
            "openai_thread",
            "openai_threads",
            *_OF_RUNS,
        ),
        choices=("error", "warn", "skip"),
        default="error",
    ),
    #: Return only assistants with these metadata pairs.
    Option("metadata", "dict", lookups=("openai_assistants",), check=_check_pairs),
    #: Return only threads with these metadata pairs.
    Option("metadata", "dict", lookups=("openai_threads",), check=_check_pairs),
    #: Return only runs with these metadata pairs.
    Option("metadata", "dict", lookups=("openai_runs",), check=_check_pairs),
    #: The maximum number of assistants for each name, or in total without names, at least 1.
    Option("limit", "int", lookups=("openai_assistants",), check=between(1)),
    #: The maximum number of threads for each key, or in total without keys, at least 1.
    Option("limit", "int", lookups=("openai_threads",), check=between(1)),
    #: The maximum number of messages of each thread, at least 1.
    Option("limit", "int", lookups=("openai_messages",), check=between(1)),
    #: The maximum number of runs of each thread, or in total without threads, at least 1.
    Option("limit", "int", lookups=("openai_runs",), check=between(1)),
    #: Return only messages that this run has written.
    Option("run_id", "str", lookups=("openai_messages",)),
    #: Return only messages with this role.
    Option("role", "str", lookups=("openai_messages",), choices=("user", "assistant")),
    #: The order of the messages. V(asc) returns the oldest message first, V(desc) the newest one.
    Option("order", "str", lookups=("openai_messages",), choices=("asc", "desc"), default="asc"),
    #: The thread of the runs, specified by its id or its key. A server other than the runtime of this collection needs
    #: it for terms without a thread.
    Option("thread_id", "str", lookups=_OF_RUNS),
    #: Return only runs with one of these statuses.
    Option(
        "status",
        "list",
        lookups=("openai_runs",),
        elements="str",
        choices=STATUSES,
    ),
    #: Return only runs of this assistant, specified by its id or its name.
    Option("assistant_id", "str", lookups=("openai_runs",)),
    #: Return only runs that were created at this time or later. A date or a time in ISO 8601 format, or Unix seconds.
    #: The default time zone is UTC.
    Option("created_after", "str", lookups=("openai_runs",), check=_check_time, version_added="0.2.0"),
    #: Return only runs that were created before this time. Same format as O(created_after).
    Option("created_before", "str", lookups=("openai_runs",), check=_check_time, version_added="0.2.0"),
)
