# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of the callback `runs`: the runs of a playbook on the terminal.

from __future__ import annotations

import shutil
import typing as t

from ..module_utils._status import RunStatus
from ._printable import printable
from ._run_totals import Total, Totals, amount, count, dollars, duration
from ._seen_runs import PREDICTED, SeenRun

_HEAD = ("host", "task", "assistant", "status", "tokens", "cost", "time")
_MODEL_HEAD = ("model", "runs", "input", "cached", "output", "cost")
_WIDEST = {"host": 24, "task": 40, "assistant": 24, "model": 40}
_NARROWEST = 10
_GAP = "  "


class Line(t.NamedTuple):
    """A line of the table, and whether it is about a failure."""

    text: str
    is_bad: bool = False


def table(runs: t.Sequence[SeenRun], totals: Totals, assistants: dict[str, str], most: int) -> list[Line]:
    """Return the lines of the table: the runs, failures first, and the totals by model.

    Args:
        runs: The runs.
        totals: Their totals.
        assistants: The names of assistants by their ids.
        most: The maximum number of runs.
    """
    shown = ranked(runs)[:most]
    rows = [(_row(run, assistants), run.is_bad) for run in shown]
    lines = _lines(_HEAD, rows, right=4)
    if len(runs) > len(shown):
        lines.append(Line(f"... and {count(len(runs) - len(shown))} more runs"))
    models = [(_model_row(name, total), False) for name, total in sorted(totals.models.items())]
    if len(models) > 1:
        models.append((_model_row("total", totals.all), False))
    if models:
        lines += [Line(""), *_lines(_MODEL_HEAD, models, right=1)]
    if totals.reused:
        reused = "1 earlier run was" if totals.reused == 1 else f"{count(totals.reused)} earlier runs were"
        lines.append(Line(f"{reused} reused. Tokens of reused runs are not in the totals."))
    return lines


def ranked(runs: t.Iterable[SeenRun]) -> list[SeenRun]:
    """Return runs in the order in which they are shown: failures first, then by host."""
    return sorted(
        runs, key=lambda run: (not run.is_bad, run.status != RunStatus.FAILED, not run.is_active, not run.is_ours)
    )


def status_of(run: SeenRun) -> str:
    """Return the status of a run as text."""
    if run.status == PREDICTED:
        return "check mode"
    if run.status == "completed" and run.is_bad:
        return "invalid reply"
    return run.status.replace("_", " ") if run.is_ours else f"{run.status.replace('_', ' ')}, reused"


def _row(run: SeenRun, assistants: dict[str, str]) -> tuple[str, ...]:
    hosts = f" +{len(run.hosts) - 1}" if len(run.hosts) > 1 else ""
    task = f"{run.task} ({run.item})" if run.item else run.task
    assistant = assistants.get(run.assistant_id, run.assistant_id) or "-"
    cost = amount(run.usage.cost) if run.usage.cost is not None else "unknown" if run.usage.tokens else "-"
    return (
        printable(run.host) + hosts,
        printable(task),
        printable(assistant),
        status_of(run),
        count(run.usage.tokens),
        cost,
        duration(run.seconds),
    )


def _model_row(name: str, total: Total) -> tuple[str, ...]:
    return (
        printable(name),
        count(total.runs),
        count(total.input),
        count(total.cached),
        count(total.output),
        dollars(total),
    )


def _lines(head: tuple[str, ...], rows: list[tuple[tuple[str, ...], bool]], right: int) -> list[Line]:
    """Align the columns. Those from number `right` on are aligned to the right."""
    widths = [max(len(row[column]) for row in (head, *(cells for cells, _bad in rows))) for column in range(len(head))]
    widths = [min(width, _WIDEST.get(name, width)) for width, name in zip(widths, head, strict=True)]
    excess = sum(widths) + len(_GAP) * (len(head) - 1) - shutil.get_terminal_size((120, 24)).columns
    for column, name in sorted(enumerate(head), key=lambda each: -widths[each[0]]):
        if name in _WIDEST and excess > 0:
            cut = min(excess, max(widths[column] - _NARROWEST, 0))
            widths[column] -= cut
            excess -= cut
    return [
        Line(
            _GAP.join(_cell(cells[column], widths[column], column >= right) for column in range(len(head))).rstrip(),
            bad,
        )
        for cells, bad in [(head, False), *rows]
    ]


def _cell(text: str, width: int, is_right: bool) -> str:
    shown = text if len(text) <= width else f"{text[: width - 3]}..."
    return shown.rjust(width) if is_right else shown.ljust(width)
