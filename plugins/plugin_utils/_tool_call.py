# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# A person decides about a tool call. What the model has written is shown so that it can neither move the cursor of the
# terminal nor change its direction of writing.

from __future__ import annotations

import json
import os
import time
import typing as t
import unicodedata

from ansible.errors import AnsibleError, AnsiblePromptInterrupt, AnsiblePromptNoninteractive

from ..module_utils._options import Spec
from ._answering import allow, asking, is_allowed

SPEC = Spec("openai_tool_call")
_ANSWERS = {"y": "yes", "n": "no", "a": "always", "s": "stop"}
_TOO_LATE = "the run expires before there is an answer"
_LONGEST_PROBLEM = 2000
_LONG = 1000
# ansible-runner, and so AWX, gives a playbook a terminal at which nobody sits.
_RUNNER = "AWX_ISOLATED_DATA_DIR"
# Ansible keeps keys that were typed ahead. No question begins before there were none for so long, in seconds.
_SILENCE = 0.5
# Categories of characters that join another one, directions of those that write to the left, and blank letters.
_JOINED = ("Mn", "Mc", "Me")
_LEFTWARDS = ("R", "AL", "AN")
_BLANK = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"


class _Nobody(Exception):
    """Nobody can answer; the text says why."""


class Call(t.NamedTuple):
    """A tool call, as it is checked, shown and carried out.

    Attributes:
        play: The play.
        host: The host that the tool would run on.
        name: The tool.
        arguments: Its arguments, as data.
        tasks: The tasks that would carry it out, as in `run_tool_tasks`; None where that is not known.
    """

    play: str
    host: str
    name: str
    arguments: t.Any
    tasks: t.Any = None

    def kind(self) -> list[t.Any]:
        """Return what calls have in common that a person allows with one answer."""
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
        """Return what was typed until one of these keys (None: Enter), or until the time is over.

        Raises:
            AnsibleError: No one can be asked.
            AnsiblePromptInterrupt: There is none for Ctrl+C.
        """


def decide(call: Call, problem: str | None, ask: Ask | None, expires_at: float | None) -> dict[str, t.Any]:
    """Decide whether a call may be carried out.

    Args:
        call: The call.
        problem: Why it must not be carried out, whatever a person says; None where there is no such reason.
        ask: Asks a person; None if no confirmation is needed.
        expires_at: When the run expires, in seconds since 1970; None where that is not known.

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
        # Shown without -v: whoever watches the play sees what was refused.
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
    # One question at a time: another host's could come between what is shown and the answer.
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
    """Show a call, drop what was typed until then, and ask. Return what is typed.

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
    """Return how long an answer is of use; None for any time.

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
    # Whoever sees only the end of long arguments has to know that there is more above.
    length = f" ({len(arguments)} characters)" if len(arguments) > _LONG else ""
    return (
        "The model calls a tool.\n"
        f"  host: {printable(call.host)}\n"
        f"  tool: {printable(call.name)}\n"
        f"  arguments{length}: {arguments}"
    )


def printable(text: str) -> str:
    """Return a text with an escape sequence in place of each character that a terminal does not simply show."""
    return "".join(each if _is_plain(each) else _escaped(each) for each in text)


def _is_plain(character: str) -> bool:
    return (
        character.isprintable()
        and unicodedata.category(character) not in _JOINED
        and unicodedata.bidirectional(character) not in _LEFTWARDS
        and character not in _BLANK
    )


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
