# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks run for real: `ansible-playbook` in a process, with a home, a store and results of its own."""

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


def _take_terminal() -> None:
    """Make standard input the terminal that controls this new session, as a person's shell does."""
    _take_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _take_signals() -> None:
    """Let a hang-up end the playbook, also where the tests themselves are started with nohup, which is inherited."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def play(tasks: list[dict[str, Any]], **keywords: Any) -> str:
    """A playbook's text, with one play on localhost; names that start with `openai_` are this collection's modules."""
    whole = [{_MODULE.sub(r"threadworks.openai.\g<0>", name): value for name, value in task.items()} for task in tasks]
    return yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, **keywords, "tasks": whole}], sort_keys=False)


@dataclasses.dataclass(frozen=True)
class Task:
    """What a task ended with: `status` is ok, changed, failed, skipped or unreachable; it took `seconds` in all."""

    name: str
    host: str
    status: str
    result: dict[str, Any]
    seconds: float


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A playbook that ended.

    `str()` of it is what the playbook printed, for the message of a failed assertion.
    `tasks` are in the order in which they ended; `stats` are the recap's numbers over all hosts (ok, changed, ...).
    """

    rc: int
    stdout: str
    stderr: str
    tasks: list[Task]
    stats: Counter[str]

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """Each task's result by the task's name; the last one where a name occurs again."""
        return {task.name: task.result for task in self.tasks}

    @property
    def changed(self) -> int:
        return self.stats["changed"]

    def __str__(self) -> str:
        return f"rc {self.rc}\n{self.stdout}\n{self.stderr}"


class Started:
    """A playbook under way: `process` is its `ansible-playbook`, the leader of a session of its own."""

    def __init__(self, process: subprocess.Popen[str], events: Path) -> None:
        self.process = process
        self._events = events

    def ended_tasks(self) -> list[str]:
        """The names of the tasks that have ended so far, in this order."""
        if not self._events.exists():
            return []
        lines = self._events.read_text().splitlines(keepends=True)
        return [json.loads(line)["task"] for line in lines if line.endswith("\n") and '"stats"' not in line[:10]]

    def kill(self) -> None:
        """End it as `kill -9` does, workers included."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, timeout: float = 300) -> Outcome:
        """Wait for its end, at most `timeout` seconds; then it is killed, and subprocess.TimeoutExpired raised."""
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
    """Runs playbooks in `folder`, which holds all they leave: Ansible's home and the store `runtime.db`.

    No ANSIBLE_ or OPENAI_ variable of the caller gets through; `env` adds to every run.
    """

    def __init__(self, folder: Path, collections: Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.store = folder / "runtime.db"
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
        """Leave no playbook behind, also where a test failed before it waited for its end."""
        for started in self._started:
            if started.process.poll() is None:
                started.kill()
                started.process.communicate()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the playbooks."""
        return dict(self._env)

    def forget(self, variable: str) -> None:
        """Let the next playbooks run without this variable."""
        del self._env[variable]

    def __call__(
        self, playbook: str | Path, *args: str, env: dict[str, str] | None = None, python: str = sys.executable
    ) -> Outcome:
        """Run a playbook to its end: see `start`."""
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
        """Start a playbook: a file, or its text; `args` are further ones of `ansible-playbook`.

        `terminal` is the descriptor of a pseudo-terminal on which the playbook may ask a person, `screen` of one that
        it writes to. `python` runs Ansible.
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
