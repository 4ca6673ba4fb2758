# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Where the conversations of the report come from. While the callback `runs` writes a report, each task that runs in a
# process of the playbook adds the messages and steps of its runs to a journal. They are not added to the results of
# tasks, which Ansible keeps in memory for each host.

from __future__ import annotations

import itertools
import json
import os
import typing as t

from ansible.module_utils.common.parameters import remove_values

from ..module_utils._errors import NotFound, TaskError
from ..module_utils._identity import is_predicted
from ..module_utils._status import RUNNING
from ._audit import append
from ._environment import JOURNAL

if t.TYPE_CHECKING:
    from ..module_utils._task import Task

Json = dict[str, t.Any]

# The newest messages of a thread.
_MESSAGES = 100


def note_runs(task: Task, result: Json, secrets: set[str]) -> None:
    """Add the conversations of a task's runs to the journal. A failure has no effect on the task.

    Args:
        task: The task.
        result: Its result.
        secrets: Values that must not be written.
    """
    path = os.environ.get(JOURNAL)
    if not path or task.check_mode:
        return
    answers = result["runs"] if isinstance(result.get("runs"), list) else [result]
    assistants: dict[str, str] = {}
    try:
        for answer in answers:
            run_id = answer.get("run_id")
            # A task can return no run, such as one that cancels the active run of a thread.
            if run_id and answer.get("status", RUNNING[0]) not in RUNNING and not is_predicted(run_id):
                append(path, t.cast("Json", remove_values(_entry(task, answer, assistants), secrets)))
    except (TaskError, OSError):
        # The report shows what the result contains.
        return


def read(path: str) -> dict[str, Json]:
    """Return the latest entry of each run by its id."""
    entries: dict[str, Json] = {}
    try:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                entries[entry["run_id"]] = entry
    except (OSError, ValueError, KeyError):
        return entries
    return entries


def _entry(task: Task, answer: Json, assistants: dict[str, str]) -> Json:
    thread, run_id = ("threads", answer["thread_id"]), answer["run_id"]
    newest = list(itertools.islice(task.wire.list(*thread, "messages", query={"order": "desc"}), _MESSAGES + 1))
    steps = answer.get("steps")
    if steps is None:
        steps = list(task.wire.list(*thread, "runs", run_id, "steps", query={"order": "asc"}))
    assistant_id = str((answer.get("run") or {}).get("assistant_id") or "")
    if assistant_id and assistant_id not in assistants:
        try:
            assistants[assistant_id] = str(task.wire.get("assistants", assistant_id).get("name") or "")
        except NotFound:
            assistants[assistant_id] = ""
    return {
        "run_id": run_id,
        "thread_id": answer["thread_id"],
        "assistant": assistants.get(assistant_id, ""),
        "messages": newest[:_MESSAGES][::-1],
        "is_cut": len(newest) > _MESSAGES,
        "steps": steps,
    }
