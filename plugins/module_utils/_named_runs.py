# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The runs in the option `runs`: as `thread_id:run_id`, or as registered results of a task, of a loop, or of loops on
# several hosts.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ._checks import check_id, check_thread
from ._errors import TaskError
from ._read_runs import run_path

if t.TYPE_CHECKING:
    from ._types import Json


@dataclass(frozen=True)
class NamedRun:
    """A run in the options of a task.

    Attributes:
        path: The ids of its thread and of itself.
        where: The location in the option, for messages.
        shown: Further keys of its result: the item of the loop that started it.
    """

    path: tuple[str, str]
    where: str
    shown: Json = field(default_factory=dict)


def named_runs(
    value: t.Any,
    thread_id: str | None,
    path_of: t.Callable[[str | None, str, str], tuple[str, str]],
    warn: t.Callable[[str], None],
) -> list[NamedRun]:
    """Return the runs in a value of the option `runs`, in this order.

    Args:
        value: The value.
        thread_id: The thread of runs that are specified without one.
        path_of: Returns the ids of the thread and the run, for the id or the key of the thread (or None), the id of
            the run, and its location in the option.
        warn: Displays a warning.

    Raises:
        TaskError: A part of the value is not a run. The message contains its location.
    """
    found: list[NamedRun] = []
    for where, item in _flat("runs", value):
        result = {"run_id": item} if isinstance(item, str) else item
        if not isinstance(result, dict):
            raise TaskError(f"{where} is {item!r}, but must be {_FORMS}.")
        term = _term(where, result, warn)
        if term:
            thread, run_id = run_path(term, thread_id, where)
            if thread is not None:
                check_thread(f"{where}.thread_id", thread)
            check_id(f"{where}.run_id", run_id)
            found.append(NamedRun(path_of(thread, run_id, where), where, _loop_item(result)))
    return found


_FORMS = "run_id or thread_id:run_id, or a dictionary with run_id such as a registered result of openai_run"


def _flat(where: str, value: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    """Yield the items of a value with their locations, from lists and results of loops at any depth."""
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        where, value = f"{where}.results", value["results"]
    if isinstance(value, str):
        yield from ((where, term.strip()) for term in value.split(","))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flat(f"{where}[{index}]", item)
    else:
        yield where, value


def _term(where: str, result: Json, warn: t.Callable[[str], None]) -> str | None:
    """Return the run of a result as a term, or None if its task did not start a run."""
    # A run of the API, as returned by lookups, has its id in a different key.
    run_id = result.get("run_id") or (result.get("id") if result.get("object") == "thread.run" else None)
    if run_id:
        thread_id = result.get("thread_id")
        return f"{thread_id}:{run_id}" if thread_id else str(run_id)
    if result.get("failed"):
        warn(f"{where} is ignored, because its task failed before it created a run ({result.get('msg')}).")
    elif "ansible_job_id" in result:
        raise TaskError(
            f"{where} is the result of an async task that has not been collected. Use wait: false instead of async, "
            "or pass the result of ansible.builtin.async_status."
        )
    elif not result.get("skipped") and "run_id" not in result:
        raise TaskError(f"{where} has no run_id. It must be {_FORMS}.")
    return None


def _loop_item(result: Json) -> Json:
    variable = result.get("ansible_loop_var", "item")
    return {"item": result[variable]} if variable in result else {}
