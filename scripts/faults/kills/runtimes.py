# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill local and served runtimes while several clients use them.

The clients run the same tasks as the playbooks, each in a separate process (see `hand.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from arena import Failed
from clear import unclear
from stage import Stage

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local_runtimes import is_alive
from ansible_collections.threadworks.openai.tests.runtime.processes import Served

from .examine import active_runs, examine, question, runners

_HAND = Path(__file__).with_name("hand.py")
_LONGEST = 300.0
_WAIT_FOR_A_RUN = 20.0
_PAUSE, _LONGEST_PAUSE = 0.7, 3.0
_LETTERS = ("a", "b", "start", "d", "e")

# Returns the processes of the runtime that can be killed now.
Victims = Callable[[], list[int]]


class RuntimeKills:
    """The kills of one kind of runtime.

    Attributes:
        counts: The counted events.
        unclear: The error messages of clients that are not clear.
    """

    def __init__(self, here: Stage, chance: random.Random, short: bool) -> None:
        self.counts: Counter[str] = Counter()
        self.unclear: list[str] = []
        self._short = short
        self._here, self._chance = here, chance
        self._completed: list[str] = []
        self._store = here.playbook.folder / "runtime.db"

    def run(self, kills: int, hands: int, options: dict[str, Any], victims: Victims, again: Callable[[], None]) -> None:
        """Kill processes while clients are working, then let the clients finish.

        Args:
            kills: The number of kills.
            hands: The number of clients.
            options: The connection options of the clients.
            victims: Returns the processes that can be killed.
            again: Called after each kill. Restarts processes that do not restart automatically.

        Raises:
            Failed: A client does not end.
        """
        self._here.model.script(
            [
                {"match": f"Question {word} ", "delay": round(self._chance.uniform(0.05, 0.4), 2), "sticky": True}
                for word in _LETTERS
            ]
        )
        with contextlib.ExitStack() as stack:
            working = [stack.enter_context(self._hand(chr(ord("A") + number), options)) for number in range(hands)]
            # At least half of the kills must happen during an active run.
            while self.counts["kills"] < kills or 2 * self.counts["kills while a run was active"] < kills:
                if any(hand.poll() is not None for hand in working):
                    raise Failed("a client has ended by itself")
                self._kill(victims)
                again()
            for hand in working:
                assert hand.stdin is not None
                hand.stdin.close()
            for hand in working:
                self._wait(hand)

    def result(self, run: Callable[[], None]) -> tuple[Counter[str], list[str], list[str]]:
        """Run, and return the counts, the failures in the store, and the errors that are not clear."""
        try:
            run()
            wrong = []
        except Failed as error:
            wrong = [str(error)]
        wrong += self._examine()
        return self.counts, wrong, self.unclear

    def _examine(self) -> list[str]:
        asked = Counter(question(body) for body in self._here.model.runs)
        wait_for(lambda: not active_runs(self._store), seconds=_LONGEST)
        counts, wrong = examine(self._store, self._completed, asked)
        self.counts.update(counts)
        return wrong

    def _kill(self, victims: Victims) -> None:
        if self._short or self._chance.random() < 0.8:
            with contextlib.suppress(AssertionError):
                wait_for(lambda: any(map(is_alive, runners(self._store).values())), seconds=_WAIT_FOR_A_RUN)
        if not self._short:
            # Usually soon, so that many kills take little time. Sometimes late enough for runs to complete.
            time.sleep(min(self._chance.expovariate(1 / _PAUSE), _LONGEST_PAUSE))
        pids = victims()
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.counts["kills"] += 1
        wait_for(lambda: not any(map(is_alive, pids)))
        # A run whose end has been stored has no runner any more.
        self.counts["kills while a run was active"] += any(pid in pids for pid in runners(self._store).values())

    @contextlib.contextmanager
    def _hand(self, name: str, options: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
        environment = {**self._here.playbook.environment, **self._here.runtimes.environment}
        process = subprocess.Popen(
            [sys.executable, str(_HAND), name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        reader = threading.Thread(target=self._read, args=(process,))
        reader.start()
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(options) + "\n")
            process.stdin.flush()
            yield process
        finally:
            process.kill()
            process.wait()
            reader.join()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            if "completed" in told:
                self._completed.append(told["completed"])
            else:
                self.counts["tasks repeated"] += 1
                if problem := unclear(told["error"]):
                    self.unclear.append(f"{problem}: {told['error']}")

    def _wait(self, hand: subprocess.Popen[str]) -> None:
        try:
            if hand.wait(_LONGEST):
                raise Failed(f"a client failed with exit code {hand.returncode}")
        except subprocess.TimeoutExpired:
            raise Failed("a client does not end") from None


class ServedVictims:
    """A served runtime with two worker processes. Either one of them is killed, or all, and then it is restarted."""

    def __init__(self, served: Served, chance: random.Random) -> None:
        self._served, self._chance = served, chance

    def __call__(self) -> list[int]:
        """Return the processes that can be killed."""
        workers = _children(self._served.pid)
        if self._chance.random() < 0.5 and len(workers) > 1:
            return [self._chance.choice(workers)]
        return [self._served.pid, *workers]

    def again(self) -> None:
        """Start the runtime if it is not running."""
        if not is_alive(self._served.pid):
            self._served.kill()
            self._served.start()


def _children(pid: int) -> list[int]:
    """Return the running child processes of a process, without helper processes of Python."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return [child for child in found if is_alive(child) and b"resource_tracker" not in _command(child)]


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
