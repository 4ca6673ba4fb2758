# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run playbooks with `ansible-playbook`, with a separate home directory, store and results."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

_MODULE = re.compile("^openai_")
_CALLBACKS = Path(__file__).resolve().parent / "callback"
# By default, Ansible checks 1,000 times per second whether a task has ended, which takes 5 % of a processor core. Most
# playbooks of the tests wait, several of them at the same time. No environment variable sets this option.
_CONFIGURATION = "[defaults]\ninternal_poll_interval = 0.01\n"


def _take_terminal() -> None:
    """Make standard input the controlling terminal of this new session, as a shell does."""
    _take_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _take_signals() -> None:
    """Let SIGHUP end the playbook, even if the tests are started with nohup, which is inherited."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def play(tasks: list[dict[str, Any]], **keywords: Any) -> str:
    """Return a playbook with one play on localhost. Names that start with `openai_` are modules of this collection."""
    whole = [{_MODULE.sub(r"threadworks.openai.\g<0>", name): value for name, value in task.items()} for task in tasks]
    return yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **keywords, "tasks": whole}], sort_keys=False)


@dataclasses.dataclass(frozen=True)
class Task:
    """The result of a task. `status` is ok, changed, failed, skipped or unreachable. `seconds` is the duration."""

    name: str
    host: str
    status: str
    result: dict[str, Any]
    seconds: float


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of a playbook.

    `str()` returns the output of the playbook, for the message of a failed assertion.
    `tasks` are in the order in which they ended. `stats` are the totals of the recap for all hosts (ok, changed, ...).
    """

    rc: int
    stdout: str
    stderr: str
    tasks: list[Task]
    stats: Counter[str]

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """The results by the names of the tasks. If several tasks have the same name, the last result."""
        return {task.name: task.result for task in self.tasks}

    @property
    def changed(self) -> int:
        return self.stats["changed"]

    def __str__(self) -> str:
        return f"rc {self.rc}\n{self.stdout}\n{self.stderr}"


class Started:
    """A running playbook. `process` is its `ansible-playbook`, the leader of a new session."""

    def __init__(self, process: subprocess.Popen[str], events: Path) -> None:
        self.process = process
        self._events = events

    def ended_tasks(self) -> list[str]:
        """Return the names of the tasks that have ended so far, in order."""
        if not self._events.exists():
            return []
        lines = self._events.read_text().splitlines(keepends=True)
        return [json.loads(line)["task"] for line in lines if line.endswith("\n") and '"stats"' not in line[:10]]

    def kill(self) -> None:
        """Kill the playbook and its workers with SIGKILL."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, timeout: float = 1500) -> Outcome:
        """Wait until the playbook ends. After `timeout` seconds, kill it and raise subprocess.TimeoutExpired."""
        try:
            stdout, stderr = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        lines = [json.loads(line) for line in self._events.read_text().splitlines()] if self._events.exists() else []
        stats: Counter[str] = Counter()
        for line in lines:
            for summary in line.get("stats", {}).values():
                stats.update(summary)
        tasks = [
            Task(line["task"], line["host"], line["status"], line["result"], line["seconds"])
            for line in lines
            if "stats" not in line
        ]
        return Outcome(self.process.returncode, stdout, stderr, tasks, stats)


class AnsiblePlaybook:
    """Runs playbooks in `folder`, which contains all their files: Ansible's home directory and the store `runtime.db`.

    It is also their current directory, so that Ansible reads the `ansible.cfg` in it, which a test can replace.
    The ANSIBLE_ and OPENAI_ variables of the caller are not passed on. `env` is added to each run.
    """

    def __init__(self, folder: Path, collections: Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.store = folder / "runtime.db"
        (folder / "ansible.cfg").write_text(_CONFIGURATION)
        self._runs = 0
        self._started: list[Started] = []
        self._env = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "OPENAI_"))}
        self._env |= {
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_REMOTE_TMP": str(folder / "ansible" / "tmp"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "json_lines",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "OPENAI_RUNTIME_STORE": str(self.store),
            **(env or {}),
        }

    def __enter__(self) -> AnsiblePlaybook:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Kill the playbooks that still run, because a test failed before it waited for them."""
        for started in self._started:
            if started.process.poll() is None:
                started.kill()
                started.process.communicate()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the playbooks."""
        return dict(self._env)

    def forget(self, variable: str) -> None:
        """Remove this variable from the environment of the next playbooks."""
        del self._env[variable]

    def __call__(
        self, playbook: str | Path, *args: str, env: dict[str, str] | None = None, python: str = sys.executable
    ) -> Outcome:
        """Run a playbook and wait until it ends. See `start`."""
        return self.start(playbook, *args, env=env, python=python).wait()

    def start(
        self,
        playbook: str | Path,
        *args: str,
        env: dict[str, str] | None = None,
        terminal: int | None = None,
        screen: int = subprocess.PIPE,
        python: str = sys.executable,
    ) -> Started:
        """Start a playbook: a file, or its text. `args` are further arguments of `ansible-playbook`.

        `terminal` is the descriptor of a pseudo-terminal for questions to a person, `screen` of one for the output.
        `python` runs Ansible.
        """
        self._runs += 1
        events = self.folder / f"results-{self._runs}.jsonl"
        if isinstance(playbook, str):
            text, playbook = playbook, self.folder / f"playbook-{self._runs}.yml"
            playbook.write_text(text)
        process = subprocess.Popen(
            [python, "-m", "ansible", "playbook", str(playbook), *args],
            cwd=self.folder,
            env={**self._env, "JSON_LINES_FILE": str(events), **(env or {})},
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            preexec_fn=_take_terminal if terminal is not None else _take_signals,  # noqa: PLW1509 - they take no lock
            stdout=screen,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(Started(process, events))
        return self._started[-1]
