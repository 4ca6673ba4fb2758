# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The report of a playbook: one self-contained HTML file.

from __future__ import annotations

import contextlib
import datetime
import errno
import importlib.metadata
import os
import platform
import tempfile
import time
import typing as t
from pathlib import Path

from ..module_utils._version import VERSION
from . import _run_totals as totals_
from ._page import rendered, style
from ._report_plots import meters, timeline
from ._report_talks import MOST, rows_of, shown_value, talks
from ._run_journal import read
from ._run_recorder import Problem, Recorder
from ._run_table import ranked, status_of
from ._run_totals import Totals
from ._seen_runs import PREDICTED, SeenRun

_ROWS = 5000
_HOSTS = 15
_PROBLEMS = 100
_REASONS = {"requires_action": "It waits for the outputs of its tool calls.", "cancelled": "It was cancelled."}
_ACTIVE = "No task waited for its end."
# The tone of a status: good, bad, warn, wait or plain.
_TONES = {
    "completed": "good",
    "failed": "bad",
    "expired": "warn",
    "incomplete": "warn",
    "cancelled": "plain",
    "cancelling": "plain",
    "requires_action": "wait",
    "queued": "wait",
    "in_progress": "wait",
    PREDICTED: "plain",
}


class Report:
    """The report of a playbook.

    Args:
        playbook: The name of the playbook.
        user: Who ran it.
        recorder: Its runs and tool calls.
        totals: Its totals.
    """

    def __init__(self, playbook: str, user: str, recorder: Recorder, totals: Totals) -> None:
        self._playbook = playbook
        self._user = user
        self._recorder = recorder
        self._totals = totals

    def write(self, path: str, journal: str) -> None:
        """Write the report to a file that only its owner can read.

        Args:
            path: The file. It is replaced when the report is complete.
            journal: The journal with the messages of the runs.

        Raises:
            OSError: The file cannot be written.
        """
        page = self.page(journal).encode(errors="replace")
        target = Path(path)
        # A device, such as /dev/null, must not be replaced.
        if target.exists() and not (target.is_file() or target.is_dir()):
            raise FileExistsError(errno.EEXIST, "it is not a regular file")
        target.parent.mkdir(parents=True, exist_ok=True)
        file, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with open(file, "wb") as output:
                output.write(page)
            os.replace(name, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    def page(self, journal: str) -> str:
        """Return the page."""
        recorder, totals, now = self._recorder, self._totals, time.time()
        entries = read(journal)
        for run in recorder.runs.values():
            if entries.get(run.id, {}).get("assistant"):
                recorder.assistants.setdefault(run.assistant_id, entries[run.id]["assistant"])
        shown, left_out = talks(recorder, entries)
        runs = ranked(recorder.runs.values())
        ours = [run for run in recorder.runs.values() if run.is_ours]
        attention = [run for run in runs if run.is_bad or (run.is_active and run.is_ours)]
        source, css = style()
        return rendered(
            "report.html.j2",
            css=css,
            policy=f"default-src 'none'; style-src {source}; base-uri 'none'; form-action 'none'",
            playbook=self._playbook,
            user=self._user,
            node=platform.node(),
            version=VERSION,
            ansible=importlib.metadata.version("ansible-core"),
            began=_moment(recorder.began),
            took=totals_.duration(now - recorder.began),
            totals=totals,
            statuses=[(status, count) for status, count in sorted(totals.statuses.items()) if count],
            decisions=self._decisions(),
            attention=attention,
            alerts=_alerts(attention),
            problems=_grouped(recorder.problems),
            problem_count=len(recorder.problems),
            warnings=recorder.warnings,
            hidden=recorder.hidden,
            timeline=timeline(ours, now) if ours else None,
            models=meters(totals.models, _HOSTS, "{} more models"),
            hosts=meters({name: total for name, total in totals.hosts.items() if total.runs}, _HOSTS, "{} more hosts"),
            runs=runs[:_ROWS],
            runs_left_out=max(0, len(runs) - _ROWS),
            talks=shown,
            talks_left_out=left_out,
            most_talks=MOST,
            links={run.id: talk.id for talk in shown for run in talk.runs},
            assistants=recorder.assistants,
            budgets=sorted(recorder.budgets.values(), key=lambda each: -each.share),
            axis=min((run.began for run in ours), default=recorder.began),
            tone=_tone,
            status_of=status_of,
            rows_of=rows_of,
            shown_value=shown_value,
            count=totals_.count,
            amount=totals_.amount,
            dollars=totals_.dollars,
            duration=totals_.duration,
            listed=totals_.listed,
            moment=_moment,
        )

    def _decisions(self) -> dict[str, int]:
        calls = list(self._recorder.calls.values())
        return {
            "all": len(calls),
            "allowed": sum(call.allowed is True for call in calls),
            "asked": sum(call.answer is not None for call in calls),
            "refused": sum(call.allowed is False for call in calls),
        }


class Group(t.NamedTuple):
    """The same failure of a task on some hosts."""

    problem: Problem
    hosts: list[str]


def _grouped(problems: list[Problem]) -> list[Group]:
    groups: dict[tuple[str, str, str], Group] = {}
    for each in problems:
        groups.setdefault((each.task, each.play, each.message), Group(each, [])).hosts.append(each.host)
    return list(groups.values())[:_PROBLEMS]


class Alert(t.NamedTuple):
    """Runs that did not complete for the same reason."""

    reason: str
    runs: list[SeenRun]


def _alerts(runs: list[SeenRun]) -> list[Alert]:
    """Return runs in groups, in the order of their first runs."""
    groups: dict[tuple[str, ...], Alert] = {}
    for run in runs:
        reason = run.reason or _REASONS.get(run.status) or (_ACTIVE if run.is_active else "No reason is known.")
        groups.setdefault((run.status, run.task, run.model, reason), Alert(reason, [])).runs.append(run)
    return list(groups.values())


def _tone(run: SeenRun) -> str:
    return "bad" if run.is_bad and run.status == "completed" else _TONES.get(run.status, "plain")


def _moment(seconds: float | None) -> datetime.datetime | None:
    """Return a time in the time zone of the control node."""
    return datetime.datetime.fromtimestamp(seconds).astimezone() if seconds else None
