# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Uses an existing run: the option run_id of openai_run, with or without tool_outputs.

from __future__ import annotations

import json
import typing as t

from . import _read_runs
from ._identity import key_metadata
from ._options import given
from ._run_outcome import task_result, update_metadata
from ._run_start import start
from ._status import RunStatus
from ._wait import RunRequest, follow, follower_of, path_of

if t.TYPE_CHECKING:
    from ._task import Task
    from ._types import Json


def adopt(task: Task) -> Json:
    """Update the metadata of the run, submit the tool outputs of the task, and return the task's result.

    Raises:
        NotFound: The thread has no such run.
        TaskError: The server refuses a request, the run takes too long, or ends with a status of `fail_on`.
    """
    params = task.params
    found = _read_runs.run(task.wire, params["thread_id"], params["run_id"])
    metadata = given(params, ("metadata",)).get("metadata")
    run, difference = update_metadata(task, found, metadata, key_metadata(params["key"]))
    if params["tool_outputs"] is None or run["status"] != RunStatus.REQUIRES_ACTION:
        return task_result(task, follow(task, run), None, changed=bool(difference), difference=difference)
    outputs = [{**each, "output": _as_text(each["output"])} for each in params["tool_outputs"]]
    request = RunRequest((*path_of(run), "submit_tool_outputs"), {"tool_outputs": outputs}, None, run)
    started = start(task, follower_of(task), request)
    return task_result(task, started.run, started.messages, changed=True, difference=difference)


def _as_text(output: t.Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
