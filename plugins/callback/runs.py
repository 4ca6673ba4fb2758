# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: runs
type: aggregate
short_description: Summary, report and audit trail of the runs of a playbook
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - At the end of a playbook, displays a table of its runs with their status, tokens, cost and duration, and the totals
    by model.
  - Sets the custom stat C(openai_runs) with the totals, as M(ansible.builtin.set_stats) does. Automation controller and
    AWX show it as an artifact of the job.
  - With O(report), writes a report to an HTML file, with a timeline, all conversations and all tool calls. The file is
    self-contained and has no scripts.
  - With O(audit), appends to an audit trail who asked a model, allowed or refused a tool call, ran a tool, or cancelled
    a run.
  - If the environment variable E(OTEL_EXPORTER_OTLP_ENDPOINT) is set and OpenTelemetry is installed, exports spans of
    the playbook and of its tool calls. The runtime adds the spans of runs and of requests to model servers. Spans have
    no content.
  - Results of tasks with C(no_log) are not included, except for their number.
requirements:
  - The callback must be enabled with C(callbacks_enabled = threadworks.openai.runs) in the section C([defaults]) of
    C(ansible.cfg), or with the environment variable E(ANSIBLE_CALLBACKS_ENABLED).
notes:
  - Runs that a task reused are listed, but their tokens and costs are not in the totals.
  - In the report, the conversations of tasks with C(async), and of tasks that ran as modules on other hosts, contain
    only what the results of these tasks contain.
  - The callback never fails a playbook. If it cannot write a file, it displays a warning.
options:
  report:
    description:
      - The path of the HTML file to write. No report is written by default.
      - The file is replaced, and only its owner can read it.
      - The report contains at most 1000 conversations, and the first 20000 characters of each message and tool output.
        It names what is left out.
    type: path
    env:
      - name: OPENAI_RUNS_REPORT
    ini:
      - section: openai_runs
        key: report
  audit:
    description:
      - The path of the audit trail, a file with one JSON object per line. None is written by default.
      - The file is created with the mode C(0600). Lines are appended while the playbook runs.
    type: path
    env:
      - name: OPENAI_RUNS_AUDIT
    ini:
      - section: openai_runs
        key: audit
  audit_content:
    description:
      - Whether the audit trail contains replies, arguments of tool calls, and error messages. Names and ids are always
        included.
    type: bool
    default: false
    env:
      - name: OPENAI_RUNS_AUDIT_CONTENT
    ini:
      - section: openai_runs
        key: audit_content
  table_rows:
    description:
      - The maximum number of runs in the table. Failed runs come first.
      - With V(0), no table is displayed.
    type: int
    default: 30
    env:
      - name: OPENAI_RUNS_TABLE_ROWS
    ini:
      - section: openai_runs
        key: table_rows
seealso:
  - plugin: threadworks.openai.transcript
    plugin_type: filter
"""

EXAMPLES = r"""
ansible.cfg: |
  # Show the table at the end of each playbook, and write the report and the audit trail.
  [defaults]
  callbacks_enabled = threadworks.openai.runs

  [openai_runs]
  report = report.html
  audit = audit.jsonl
"""

import functools
import os
import time
import typing as t

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ..plugin_utils._audit import Audit, operator
from ..plugin_utils._custom_stats import playbook_stats
from ..plugin_utils._environment import JOURNAL
from ..plugin_utils._plain import plain
from ..plugin_utils._printable import printable
from ..plugin_utils._run_recorder import Event, Recorder, is_of_role
from ..plugin_utils._run_table import table
from ..plugin_utils._run_totals import Totals
from ..plugin_utils._seen_runs import Json, SeenRun
from ..plugin_utils._traces import PACKAGES, Traces, are_wanted

_DETAILS = "OPENAI_RUN_DETAILS"
_STAT = "openai_runs"
_ROLE = "threadworks.openai.run"
Method = t.TypeVar("Method", bound=t.Callable[..., None])


def _guarded(method: Method) -> Method:
    """Return a method that displays a warning instead of raising an error, and then disables the callback."""

    @functools.wraps(method)
    def guarded(self: CallbackModule, *args: t.Any, **kwargs: t.Any) -> None:
        if self.broken:
            return
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the playbook continues
            self.broken = True
            self.warn(f"it is disabled after an error: {type(error).__name__}: {error}")

    return t.cast("Method", guarded)


class CallbackModule(CallbackBase):
    """Collects the runs of a playbook, and reports them at its end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "threadworks.openai.runs"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.broken = False
        self._totals = Totals()
        self._recorder = Recorder(self._note, self._change)
        self._audit = Audit("", False, "")
        self._playbook = ""
        self._began: dict[tuple[str, str], float] = {}
        self._is_placed = False
        self._traces: Traces | None = None

    def warn(self, text: str) -> None:
        """Display a warning."""
        self._display.warning(f"Callback {self.CALLBACK_NAME}: {text}")

    @_guarded
    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """Let the tasks of the playbook collect what the report needs."""
        self._playbook = os.path.basename(str(playbook._file_name))  # noqa: SLF001 - it has no public name
        self._audit = Audit(self._path("audit"), bool(self.get_option("audit_content")), self._playbook)
        os.environ.setdefault(_DETAILS, "true")
        if self._path("report"):
            os.environ[JOURNAL] = os.path.join(C.DEFAULT_LOCAL_TMP, "openai-runs.jsonl")
        if are_wanted():
            try:
                self._traces = Traces(self._playbook)
            except ImportError:
                self.warn(
                    f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: pip install {PACKAGES}"
                )

    @_guarded
    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Note the play, and who runs it."""
        self._recorder.play = str(play.get_name())
        self._audit.user = operator(play.get_variable_manager().extra_vars)

    @_guarded
    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        """Note when the task begins on a host."""
        self._began[str(host.get_name()), str(task._uuid)] = time.time()  # noqa: SLF001 - it has no public name

    @_guarded
    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Collect a result."""
        self._record(result, "ok")

    @_guarded
    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Collect a result."""
        self._record(result, "failed")

    @_guarded
    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Collect a result."""
        self._record(result, "unreachable")

    @_guarded
    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Note that the task has ended. It has no runs."""
        self._record(result, "ok")

    @_guarded
    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """Collect a result of a loop."""
        self._record(result, "ok", is_item=True)

    @_guarded
    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Collect a result of a loop."""
        self._record(result, "failed", is_item=True)

    @_guarded
    def v2_runner_retry(self, result: t.Any) -> None:
        """Collect the result of an attempt."""
        self._record(result, "ok", is_item=True)

    @_guarded
    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Display the table, write the report, and export the spans."""
        self._report_runs(stats)
        if self._traces is not None:
            self._traces.finish(self._recorder)

    def _report_runs(self, stats: t.Any) -> None:
        recorder = self._recorder
        if not (recorder.runs or recorder.problems or recorder.hidden):
            return
        if not self._is_placed:
            stats.set_custom_stats(_STAT, self._totals.stats)
        self._show()
        path = self._path("report")
        if path:
            self._write_report(path)

    def _show(self) -> None:
        recorder, most = self._recorder, int(self.get_option("table_rows"))
        if not most:
            return
        self._display.banner("OPENAI RUNS")
        if recorder.runs:
            for line in table(list(recorder.runs.values()), self._totals, recorder.assistants, most):
                self._display.display(line.text, color=C.COLOR_ERROR if line.is_bad else None)
        for budget in recorder.budgets.values():
            self._display.display(f"Budget {printable(budget.name)} ({printable(budget.per)}): {budget.left} left")
        if recorder.problems:
            self._display.display(f"{_counted(len(recorder.problems), 'failed task')} without a run", C.COLOR_ERROR)
        if recorder.hidden:
            self._display.display(f"{_counted(recorder.hidden, 'result')} hidden by no_log")

    def _write_report(self, path: str) -> None:
        # Imported here, because most playbooks write no report.
        from ..plugin_utils._report import Report

        report = Report(self._playbook, self._audit.user, self._recorder, self._totals)
        try:
            report.write(path, os.environ.get(JOURNAL, ""))
        except OSError as error:
            self.warn(f"the report {path} cannot be written: {error.strerror}")
            return
        self._display.display(f"Report: {path}")

    def _path(self, option: str) -> str:
        return str(self.get_option(option) or "")

    def _record(self, result: t.Any, status: str, is_item: bool = False) -> None:
        # The public names were added in ansible-core 2.19.
        data = result.result if hasattr(result, "result") else result._result  # noqa: SLF001
        task = result.task if hasattr(result, "task") else result._task  # noqa: SLF001
        host = str((result.host if hasattr(result, "host") else result._host).get_name())  # noqa: SLF001
        action = str(getattr(task, "resolved_action", None) or task.action)
        now, key = time.time(), (host, str(task._uuid))  # noqa: SLF001
        began = self._began.get(key) if is_item else self._began.pop(key, None)
        if is_item:
            # The next item of the loop begins now.
            self._began[key] = now
        # Each item of a loop has its own result.
        if isinstance(data.get("results"), list) or not self._recorder.needs(host, action):
            return
        self._recorder.record(
            Event(
                host=host,
                task=_name_of(task),
                action=action,
                path=str(task.get_path() or ""),
                status="changed" if status == "ok" and data.get("changed") else status,
                result=plain(data) if action.startswith("threadworks.") or {"run_id", "runs"} & data.keys() else {},
                began=began,
                where=str((data.get("_ansible_delegated_vars") or {}).get("ansible_delegated_host") or host),
                item=_label(data),
                at=now,
                assistant=_assistant_of(task),
            )
        )

    def _change(self, before: SeenRun | None, after: SeenRun) -> None:
        self._totals.change(before, after)
        self._totals.stats["budgets"] = [each.to_json() for each in self._recorder.budgets.values()]
        if not self._is_placed:
            stats = playbook_stats()
            if stats is not None:
                stats.set_custom_stats(_STAT, self._totals.stats)
                self._is_placed = True

    def _note(self, event: str, seen: Event, fields: Json, content: Json) -> None:
        where = {"play": self._recorder.play, "task": seen.task, "host": seen.host}
        try:
            self._audit.write(event, where, fields, content)
        except OSError as error:
            self.warn(f"the audit trail {self._path('audit')} cannot be written: {error.strerror}")
            self._audit = Audit("", False, "")


def _name_of(task: t.Any) -> str:
    """Return the name of a task. For the tasks of the role `run`, it is the name of the task that includes the role."""
    role = getattr(task, "_role", None)
    if not role or role.get_name() != _ROLE:
        return str(task.get_name())
    if not is_of_role(str(task.get_path() or "")):
        # A task of a tool, which the role includes.
        return str(task.name or task.action)
    # Ansible has no public name for what includes a task.
    including = getattr(task, "_parent", None)
    while including is not None:
        role = getattr(including, "_role", None)
        if including.name and not (role and role.get_name() == _ROLE):
            return str(including.name)
        including = getattr(including, "_parent", None)
    return str(task.get_name())


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _assistant_of(task: t.Any) -> str:
    """Return the name of the assistant in the options of a task, or "" if they have no name."""
    name = str(task.args.get("assistant_id") or "") if isinstance(task.args, dict) else ""
    return "" if name.startswith("asst_") or "{{" in name else name


def _label(data: t.Mapping[str, t.Any]) -> str:
    """Return the label of the item of a loop, or ""."""
    label = data.get("_ansible_item_label", data.get(str(data.get("ansible_loop_var", "item"))))
    return str(label)[:200] if isinstance(label, (str, int, float)) else ""
