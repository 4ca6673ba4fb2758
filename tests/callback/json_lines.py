# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback for tests. It writes the result of each task as a line of JSON to the file JSON_LINES_FILE."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: json_lines
type: notification
short_description: Task results as JSON lines
description: Writes the result of each task as a line of JSON to the file E(JSON_LINES_FILE).
author: threadworks.openai contributors
"""


class CallbackModule(CallbackBase):
    """Writes the result of each task when it ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "json_lines"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, line: dict[str, Any]) -> None:
        with open(os.environ["JSON_LINES_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def _write_result(self, result: Any, status: str) -> None:
        # The public name of the result was added in ansible-core 2.19.
        data = result.result if hasattr(result, "result") else result._result
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        seconds = time.monotonic() - self._began
        name = task.name or task.action
        self._write({"task": name, "host": host.name, "status": status, "result": data, "seconds": seconds})

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._began = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        data = result.result if hasattr(result, "result") else result._result
        self._write_result(result, "changed" if data.get("changed") else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write_result(result, "failed")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write_result(result, "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write_result(result, "unreachable")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write({"stats": {host: stats.summarize(host) for host in stats.processed}})
