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


LOOKUPS = (
    #: What to do where the server knows no such thing. V(error) fails, V(warn) warns and leaves it out, V(skip) leaves
    #: it out silently.
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
    #: Only assistants with these metadata pairs.
    Option("metadata", "dict", lookups=("openai_assistants",), check=_check_pairs),
    #: Only threads with these metadata pairs.
    Option("metadata", "dict", lookups=("openai_threads",), check=_check_pairs),
    #: Only runs with these metadata pairs.
    Option("metadata", "dict", lookups=("openai_runs",), check=_check_pairs),
    #: At most so many assistants of each name, or in all without any, at least 1.
    Option("limit", "int", lookups=("openai_assistants",), check=between(1)),
    #: At most so many threads of each key, or in all without any, at least 1.
    Option("limit", "int", lookups=("openai_threads",), check=between(1)),
    #: At most so many messages of each thread, at least 1.
    Option("limit", "int", lookups=("openai_messages",), check=between(1)),
    #: At most so many runs of each thread, at least 1.
    Option("limit", "int", lookups=("openai_runs",), check=between(1)),
    #: Only messages that this run has written.
    Option("run_id", "str", lookups=("openai_messages",)),
    #: Only messages of this role.
    Option("role", "str", lookups=("openai_messages",), choices=("user", "assistant")),
    #: V(asc) for the oldest first, V(desc) for the newest first.
    Option("order", "str", lookups=("openai_messages",), choices=("asc", "desc"), default="asc"),
    #: The thread of the runs, by its id or its key.
    Option("thread_id", "str", lookups=_OF_RUNS),
    #: Only runs with one of these statuses.
    Option(
        "status",
        "list",
        lookups=("openai_runs",),
        elements="str",
        choices=STATUSES,
    ),
    #: Only runs of this assistant, by its id or its name.
    Option("assistant_id", "str", lookups=("openai_runs",)),
)
