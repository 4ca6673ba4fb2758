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

from ansible.errors import AnsibleError, AnsiblePromptInterrupt

from ._answering import allow, is_allowed

SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "arguments": {"type": "raw", "required": True},
    "problem": {"type": "str"},
    "confirm": {"type": "bool", "default": False},
    "expires_at": {"type": "float"},
}
_ANSWERS = {"y": "yes", "n": "no", "a": "always", "s": "stop"}
_LONGEST_PROBLEM = 2000
_LONG = 1000
# ansible-runner, and so AWX, gives a playbook a terminal at which nobody sits.
_RUNNER = "AWX_ISOLATED_DATA_DIR"


class Call(t.NamedTuple):
    """A tool call, as it is checked, shown and carried out.

    Attributes:
        play: the play.
        host: the host that the tool would run on.
        name: the tool.
        arguments: its arguments, as data.
    """

    play: str
    host: str
    name: str
    arguments: t.Any


class Ask(t.Protocol):
    """Asks a person, as `Display.prompt_until` of Ansible does."""

    def __call__(self, question: str, /, *, seconds: int | None) -> bytes:
        """Return what was typed, also where the time is over before it was sent with Enter.

        Raises: AnsibleError where nobody can be asked; AnsiblePromptInterrupt for Ctrl+C.
        """


def decide(call: Call, problem: str | None, ask: Ask | None, expires_at: float | None) -> dict[str, t.Any]:
    """Decide whether a call may be carried out.

    Args:
        call: the call.
        problem: why it must not be carried out, whatever a person says; None where there is no such reason.
        ask: asks a person; None where nobody has to be asked.
        expires_at: when the run expires, in seconds since 1970; None where that is not known.

    Returns: the task's result.
    """
    answer = None
    if ask and not problem:
        answer = _answer(call, ask, expires_at)
        problem = {
            "no": f"The operator did not allow the tool {call.name}.",
            "nobody": f"The tool {call.name} needs to be confirmed by a person, but nobody could be asked.",
        }.get(answer)
    result: dict[str, t.Any] = {"changed": False, "allowed": not problem, "problem": problem, "answer": answer}
    if answer == "stop":
        return {**result, "failed": True, "allowed": False, "msg": f"The operator stopped the run at {call.name}."}
    if problem:
        # Shown without -v: whoever watches the play sees what was refused.
        return {**result, "msg": printable(problem)[:_LONGEST_PROBLEM], "_ansible_verbose_always": True}
    return result


def _answer(call: Call, ask: Ask, expires_at: float | None) -> str:
    """Return yes, no, always or stop, or nobody where there is no person who could answer."""
    if is_allowed(call.play, call.host, call.name):
        return "always"
    if _RUNNER in os.environ:
        return "nobody"
    question = _question(call)
    while True:
        seconds = None if expires_at is None else int(expires_at - time.time())
        if seconds is not None and seconds < 1:
            return "nobody"
        asked = time.monotonic()
        try:
            typed = ask(question, seconds=seconds)
        except AnsiblePromptInterrupt:
            return "stop"
        except AnsibleError:
            return "nobody"
        if seconds is not None and time.monotonic() - asked >= seconds:
            return "nobody"
        answer = typed.decode(errors="replace").strip().lower()
        answer = _ANSWERS.get(answer, answer)
        if answer == "always":
            allow(call.play, call.host, call.name)
        if answer in _ANSWERS.values():
            return answer
        question = f"{printable(answer)[:40]!r} is no answer to this question.\n{_question(call)}"


def _question(call: Call) -> str:
    name, host = printable(call.name), printable(call.host)
    arguments = printable(json.dumps(call.arguments, ensure_ascii=False))
    # Whoever sees only the end of long arguments has to know that there is more above.
    length = f" ({len(arguments)} characters)" if len(arguments) > _LONG else ""
    return (
        "The model asks for a tool.\n"
        f"  host: {host}\n"
        f"  tool: {name}\n"
        f"  arguments{length}: {arguments}\n"
        f"Allow this call? yes, no, always ({name} on {host} until the play ends), or stop (cancel the run):"
    )


def printable(text: str) -> str:
    """Return a text with an escape sequence in place of each character that a terminal does not simply show."""
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
