# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person at the terminal of a playbook, who answers its questions."""

from __future__ import annotations

import contextlib
import os
import pty
import termios
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.tool_play import ToolPlay
from ansible_collections.threadworks.openai.tests.playbook import Outcome, Started

_FIRST, _LAST = "The model calls a tool.", "Allow this call?"


class Person:
    """Answers a playbook's questions.

    `answer` gets the question, which has several lines, and returns the input. `questions` are the questions so far.
    """

    def __init__(self, answer: Callable[[str], str]) -> None:
        self.questions: list[str] = []
        self._answer = answer
        self._answered: list[str] = []
        self._keyboard, self._terminal = pty.openpty()

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_exc: object) -> None:
        os.close(self._keyboard)
        os.close(self._terminal)

    def watch(self, play: ToolPlay, *args: str, **options: Any) -> Outcome:
        """Run a play with this person at the terminal."""
        started = play.start(*args, terminal=self._terminal, run_tool_confirm=True, **options)
        typing = threading.Thread(target=self._type, args=[started], daemon=True)
        assert started.process.stdout
        question: list[str] = []
        typing.start()
        for line in started.process.stdout:
            if _FIRST in line:
                # Ansible has cleared the line of the last answer, and has not started a new line.
                question = [line[line.index(_FIRST) :]]
            elif question:
                question.append(line)
            if line.startswith(_LAST):
                self.questions.append("".join(question))
                question = []
        outcome = started.wait()
        typing.join()
        return outcome

    def _type(self, started: Started) -> None:
        """Type the answer to each question. Ansible discards input at the moment when it starts to read."""
        while self._is_asked(started):
            number = len(self._answered)
            self._answered.append(self._answer(self.questions[number]))
            keys = self._answered[number].encode()
            done = partial(self._is_done, started, number)
            while not done():
                # Nothing shows when Ansible discards the input. If this is too early, the keys are typed again.
                time.sleep(0.3)
                os.write(self._keyboard, keys)
                with contextlib.suppress(AssertionError):
                    wait_for(done, 20)

    def _is_asked(self, started: Started) -> bool:
        """Wait for the next question, and return whether there is one. Otherwise the playbook has ended."""
        waiting = len(self._answered)
        wait_for(lambda: len(self.questions) > waiting or started.process.poll() is not None)
        if len(self.questions) == waiting:
            return False
        wait_for(lambda: self._listens() or started.process.poll() is not None)
        return True

    def _is_done(self, started: Started, number: int) -> bool:
        """Return whether a question has been answered: Ansible asks another one, or no longer reads keys."""
        return not self._listens() or len(self.questions) > number + 1 or started.process.poll() is not None

    def _listens(self) -> bool:
        """Return whether a program reads single keys, as Ansible does during a question."""
        return not termios.tcgetattr(self._terminal)[3] & termios.ICANON
