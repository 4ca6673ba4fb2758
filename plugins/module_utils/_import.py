# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Imports files or the data of another server. The runtime reads, checks and writes everything.

from __future__ import annotations

import typing as t

from ._diff import diff
from ._errors import TaskError
from ._import_files import read_files
from ._import_source import read_source
from ._options import Spec
from ._task import Task
from ._transfer import transfer_wire

_OF_SOURCE = ("source_api_version", "source_threads")
SPEC = Spec(
    "openai_import",
    required_one_of=[("src", "source_url")],
    mutually_exclusive=[("src", name) for name in ("source_url", *_OF_SOURCE)],
    required_by=dict.fromkeys(_OF_SOURCE, ("source_url",)),
)
_KINDS = ("assistants", "threads", "messages", "runs", "steps")


def ensure(task: Task) -> dict[str, t.Any]:
    """Import the objects that the store does not have, and return the task's result.

    Raises:
        TaskError: Something cannot be imported. The result contains the report.
    """
    SPEC.check(task.params)
    params = task.params
    query = {name: str(params[name]) for name in SPEC.wire}
    query["dry_run"] = str(task.check_mode).lower()
    if params["src"]:
        src = params["src"]
        report = transfer_wire(task).bring(query, lambda: read_files(src))
    else:
        report = transfer_wire(task).bring(query, lambda: read_source(params))
    result = {"changed": report["changed"], "report": report, "diff": _diff(report)}
    if report["failed"]:
        raise TaskError(_problems(report), **result)
    return result


def _diff(report: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a diff with the numbers of objects that the store has, of those in the import."""
    before = {kind: report[kind]["read"] - report[kind]["new"] - report[kind]["failed"] for kind in _KINDS}
    after = {kind: before[kind] + report[kind]["new"] for kind in _KINDS}
    replaced = {f"replaced_{kind}": report[kind]["replaced"] for kind in _KINDS if report[kind]["replaced"]}
    return diff(dict(before), {**after, **replaced}, "imported objects")


def _problems(report: dict[str, t.Any]) -> str:
    count, first = report["problems_count"], report["problems"][0]
    where = f"{first['source']}: " if first.get("source") else ""
    more = f" There are {count - 1} more problems, see report.problems." if count > 1 else ""
    return f"{where}{first['message']}{more}"
