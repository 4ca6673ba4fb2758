# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Asks a person to confirm a tool call. The text of the model is shown so that it can neither move the cursor of the
# terminal nor change the writing direction.

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible.errors import AnsibleError, AnsiblePromptInterrupt, AnsiblePromptNoninteractive

from ..module_utils._options import Spec
from ._answering import allow, asking, is_allowed
from ._printable import printable

SPEC = Spec("openai_tool_call")
_ANSWERS = {"y": "yes", "n": "no", "a": "always", "s": "stop"}
_TOO_LATE = "the run expires before there is an answer"
_LONGEST_PROBLEM = 2000
_LONG = 1000
# ansible-runner, and therefore AWX, provides a terminal without a person.
_RUNNER = "AWX_ISOLATED_DATA_DIR"
# Ansible buffers keys. A question only starts after this time without keys, in seconds.
_SILENCE = 0.5


class _Nobody(Exception):
    """No one can answer. The text is the reason."""


class Call(t.NamedTuple):
    """A tool call that is checked, shown and run.

    Attributes:
        play: The play.
        host: The host that the tool would run on.
        name: The tool.
        arguments: Its arguments, as data.
        tasks: The tasks of the tool, as in `run_tool_tasks`, or None if unknown.
    """

    play: str
    host: str
    name: str
    arguments: t.Any
    tasks: t.Any = None

    def kind(self) -> list[t.Any]:
        """Return the identity of calls that one answer of a person allows."""
        return [self.play, self.host, self.name, self.tasks]


class Ask(t.Protocol):
    """Asks a person, as `Display.prompt_until` of Ansible does."""

    def __call__(
        self,
        question: str,
        /,
        *,
        private: bool = False,
        seconds: float | None = None,
        complete_input: t.Iterable[bytes] | None = None,
    ) -> bytes:
        """Return the input until one of these keys (None: Enter), or until the timeout.

        Raises:
            AnsibleError: No one can be asked.
            AnsiblePromptInterrupt: There is none for Ctrl+C.
        """


def decide(call: Call, problem: str | None, ask: Ask | None, expires_at: float | None) -> dict[str, t.Any]:
    """Decide whether a call is allowed.

    Args:
        call: The call.
        problem: The reason why the call is not allowed in any case, or None.
        ask: Asks a person, or None if no confirmation is needed.
        expires_at: The expiry of the run in seconds since 1970, or None if unknown.

    Returns:
        The task's result.
    """
    answer = None
    if ask and not problem:
        try:
            answer = _answer(call, ask, expires_at)
        except _Nobody as why:
            answer = "nobody"
            problem = f"A person must confirm the tool {call.name}, but {why}."
        if answer == "no":
            problem = f"The operator did not allow the tool {call.name}."
    result: dict[str, t.Any] = {"changed": False, "allowed": not problem, "problem": problem, "answer": answer}
    if answer == "stop":
        return {**result, "failed": True, "allowed": False, "msg": f"The operator stopped the run at {call.name}."}
    if problem:
        # Displayed without -v, so that users see what was refused.
        return {**result, "msg": printable(problem)[:_LONGEST_PROBLEM], "_ansible_verbose_always": True}
    return result


def _answer(call: Call, ask: Ask, expires_at: float | None) -> str:
    """Return yes, no, always or stop.

    Raises:
        _Nobody: Nobody can answer.
    """
    if is_allowed(call.kind()):
        return "always"
    if _RUNNER in os.environ:
        raise _Nobody("no one can be asked: the playbook runs in ansible-runner")
    # One question at a time, so that another host's question does not appear before the answer.
    with asking():
        note = ""
        while True:
            try:
                answer = _typed(note, call, ask, expires_at)
            except AnsiblePromptInterrupt:
                return "stop"
            except AnsiblePromptNoninteractive:
                why = "standard input is not a terminal, or the playbook runs in the background"
                raise _Nobody(f"no one can be asked: {why}") from None
            except AnsibleError as error:
                raise _Nobody(f"no one can be asked: {error}") from None
            answer = _ANSWERS.get(answer, answer)
            if answer == "always":
                allow(call.kind())
            if answer in _ANSWERS.values():
                return answer
            note = f"'{printable(answer)[:40]}' is not one of: {', '.join(_ANSWERS.values())}.\n"


def _typed(note: str, call: Call, ask: Ask, expires_at: float | None) -> str:
    """Show a call, discard earlier input, ask, and return the answer.

    Raises:
        _Nobody: Nobody can answer.
        AnsibleError: No one can be asked.
    """
    shown = note + _shown(call)
    while ask(shown, private=True, seconds=_SILENCE, complete_input=()):
        shown = "Keys that were typed before the question are discarded."
        _seconds(expires_at)
    seconds = _seconds(expires_at)
    asked = time.monotonic()
    allowing = f"{printable(call.name)} on {printable(call.host)} until the play ends"
    typed = ask(f"Allow this call? yes, no, always ({allowing}), or stop (cancel the run):", seconds=seconds)
    if seconds is not None and time.monotonic() - asked >= seconds:
        raise _Nobody(_TOO_LATE)
    return typed.decode(errors="replace").strip().lower()


def _seconds(expires_at: float | None) -> int | None:
    """Return the seconds until the run expires, or None if unknown.

    Raises:
        _Nobody: It is of none.
    """
    if expires_at is None:
        return None
    seconds = int(expires_at - time.time())
    if seconds < 1:
        raise _Nobody(_TOO_LATE)
    return seconds


def _shown(call: Call) -> str:
    arguments = printable(json.dumps(call.arguments, ensure_ascii=False))
    # If only the end of long arguments is visible, the length shows that there is more above.
    length = f" ({len(arguments)} characters)" if len(arguments) > _LONG else ""
    return (
        "The model calls a tool.\n"
        f"  host: {printable(call.host)}\n"
        f"  tool: {printable(call.name)}\n"
        f"  arguments{length}: {arguments}"
    )
