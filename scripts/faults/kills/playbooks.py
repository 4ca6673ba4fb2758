# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill playbooks and the local runtime that they use.

After each kill, the same playbook is run again, and can be killed again, until it completes. Half of the kills hit the
playbook, half the local runtime. The kills are SIGKILL; a few playbooks are also interrupted with Ctrl+C.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import procfs
from arena import Arena, Failed, wait
from clear import unclear

from .examine import active_runs, examine, question

_PLAYBOOK = Path(__file__).parents[1] / "plays" / "kills.yml"
_DEAD = "died before the run ended"
_ERROR = re.compile(r"^\[ERROR\]: (.*)|^fatal: .*?\"msg\": \"(.*?)\"", re.MULTILINE)
_LONGEST = 240.0
_MOST_RERUNS = 8


class PlaybookKills:
    """The kills so far, and their effects.

    Attributes:
        arena: The environment of the playbooks.
        chance: The source of all randomness.
        counts: The counted events.
        cycles: The rounds whose playbook has completed.
        unclear: The error messages of playbooks that are not clear.
    """

    def __init__(self, arena: Arena, chance: random.Random, short: bool) -> None:
        self.arena = arena
        self.chance = chance
        self._short = short
        self.counts: Counter[str] = Counter()
        self.cycles: list[str] = []
        self.unclear: list[str] = []
        self._dead: set[str] = set()
        self._log = arena.folder / "playbook.log"

    @property
    def killed(self) -> int:
        """The kills so far."""
        return self.counts["kills of a playbook"] + self.counts["kills of the runtime"]

    @property
    def hits(self) -> int:
        """The kills so far during an active run."""
        return self.counts["kills while a run was active"]

    def cycle(self, interrupt: bool = False) -> None:
        """Start the playbook with new keys, kill it once or several times, and let it complete.

        Args:
            interrupt: Whether to send Ctrl+C once instead.

        Raises:
            Failed: The playbook does not complete.
        """
        name = str(len(self.cycles) + 1)
        delays = {letter: round(self.chance.uniform(0.3, 2), 2) for letter in "abcde"}
        delays["start"] = delays.pop("c")
        self.arena.answers(
            [{"match": f"Question {word} {name}.", "delay": delay, "sticky": True} for word, delay in delays.items()]
        )
        done = False
        for _kill in range(1 if interrupt or self._short else self.chance.choice((1, 1, 2, 3))):
            done = self._disturbed(name, interrupt)
        self._complete(name, done)
        self.cycles.append(name)

    def repeat(self, most: int) -> list[str]:
        """Run the playbook once more for some rounds, and return its changes. There must be none."""
        wrong = []
        for name in self.chance.sample(self.cycles, min(len(self.cycles), most)):
            with self._started(name) as process:
                ended = self._ended(process)
            if ended or "changed=0 " not in self._text():
                wrong.append(f"the playbook of round {name} changes something once more:\n{self._text()[-4000:]}")
        return wrong

    def examine(self) -> list[str]:
        """Check the store, and that all processes have ended. Return descriptions of all failures."""
        wrong: list[str] = []
        try:
            wait(lambda: not self.arena.processes(), "", 60)
        except Failed:
            left = [f"{pid} {procfs.command_of(pid)[:200]}" for pid in self.arena.processes()]
            wrong.append(f"processes are left: {left}")
        asked = Counter(question(body) for body in self.arena.asked())
        counts, found = examine(self.arena.store, self.cycles, asked)
        self.counts.update(counts)
        return wrong + found

    def _disturbed(self, name: str, interrupt: bool) -> bool:
        """Run the playbook once and disturb it. Return whether it has completed anyway."""
        with self._started(name) as process:
            if interrupt:
                self._pause(process, when_active=True)
                os.killpg(process.pid, signal.SIGINT)
                self.counts["Ctrl-C"] += 1
            else:
                self._pause(process, when_active=self._short or self.chance.random() < 0.7)
                self._kill(process)
            done = self._ended(process) == 0
        if not done and process.returncode >= 0:
            self._count_failure()
        return done

    def _count_failure(self) -> None:
        """Count a failed playbook, and check that its error is clear."""
        found = _ERROR.search(self._text())
        told = next(filter(None, found.groups()), "") if found else self._text()[-200:].strip()
        self.counts["playbooks that failed"] += 1
        if problem := unclear(told):
            self.unclear.append(f"{problem}: {told[:300]}")

    def _text(self) -> str:
        return self._log.read_text(errors="replace")

    def _complete(self, name: str, done: bool) -> None:
        """Run the playbook until it has completed."""
        for _run in range(_MOST_RERUNS):
            if done:
                return
            with self._started(name) as process:
                done = self._ended(process) == 0
            self.counts["reruns"] += 1
            if not done:
                self.counts["reruns that failed"] += 1
                self._count_failure()
                if _DEAD not in self._text():
                    raise Failed(f"the playbook failed for another reason than a dead runner:\n{self._text()[-4000:]}")
        if not done:
            raise Failed(f"the playbook did not complete in {_MOST_RERUNS} runs:\n{self._text()[-4000:]}")

    def _pause(self, process: subprocess.Popen[bytes], when_active: bool) -> None:
        """Wait for a random moment. If `when_active`, a run is active at this moment."""
        if when_active:
            before = active_runs(self.arena.store)
            _patiently(lambda: active_runs(self.arena.store) - before or process.poll() is not None)
        until = time.monotonic() + self.chance.uniform(0, 1.5 if when_active else 5)
        _patiently(lambda: time.monotonic() >= until or process.poll() is not None)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the playbook or the runtime: the one that has been killed less often, if it is running."""
        runtimes = [pid for pid in self.arena.processes() if "threadworks_runtime" in procfs.command_of(pid)]
        fewer = self.counts["kills of a playbook"] >= self.counts["kills of the runtime"]
        if process.poll() is not None and not (fewer and runtimes):
            self.counts["playbooks that were faster than their kill"] += 1
            return
        active = active_runs(self.arena.store) - self._dead
        if fewer and runtimes:
            self._dead |= active
            self.counts["kills of the runtime"] += 1
            victims = runtimes
        else:
            self.counts["kills of a playbook"] += 1
            # Either with its workers, or only the main process. Its workers then continue until their task has ended.
            alone = self.chance.random() < 0.5
            victims = [process.pid] if alone else sorted(set(self.arena.processes()) - set(runtimes))
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Runs that were active before and after the kill were active during the kill.
        self.counts["kills while a run was active"] += bool(active & active_runs(self.arena.store))

    @contextlib.contextmanager
    def _started(self, name: str) -> Any:
        self.counts["playbooks started"] += 1
        command = [sys.executable, "-m", "ansible", "playbook", str(_PLAYBOOK), "-e", f"cycle={name}"]
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self.arena.folder,
                env=self.arena.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(_LONGEST)
        except subprocess.TimeoutExpired:
            raise Failed(f"the playbook hangs:\n{self._text()[-4000:]}") from None


def _patiently(until: Callable[[], Any]) -> None:
    while not until():
        time.sleep(0.01)
