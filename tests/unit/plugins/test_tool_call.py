# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person is shown of a tool call, and what an answer means. A real terminal: test_tool_confirm.py."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from ansible.errors import AnsibleError, AnsiblePromptInterrupt, AnsiblePromptNoninteractive

from ansible_collections.threadworks.openai.plugins.plugin_utils._tool_call import Call, decide, printable

_CALL = Call("play", "web", "look", {"path": "/var"})


def test_every_character_that_moves_or_hides_something_is_escaped() -> None:
    for number in (*range(0x10000), *range(0xE0000, 0xE0200)):
        shown = printable(chr(number))
        assert all(unicodedata.category(each)[0] not in "C" for each in shown)
        assert not any(unicodedata.category(each) in ("Zl", "Zp") for each in shown)
    assert printable("Zürich 文 ñ") == "Zürich 文 ñ"
    assert printable("\x1b[0m\u202e\U000e0041") == r"\u001b[0m\u202e\U000e0041"


@pytest.mark.parametrize("arguments", [{"a": "\\u202e"}, {"a": '"}\n  tool: other'}, {"ö": ["\x00", 1.5, None, True]}])
def test_shown_arguments_are_unambiguous(arguments: object) -> None:
    asked: list[str] = []

    def prompt(question: str, **_options: object) -> bytes:
        asked.append(question)
        return b"n"

    assert decide(Call("play", "web", "look", arguments), None, prompt, None)["answer"] == "no"
    (line,) = (each for each in asked[0].split("\n") if each.startswith("  arguments: "))
    assert json.loads(line.removeprefix("  arguments: ")) == arguments


@pytest.mark.parametrize(
    ("typed", "answer", "allowed"),
    [
        (b"yes", "yes", True),
        (b" Y ", "yes", True),
        (b"no", "no", False),
        (b"stop", "stop", False),
        (AnsiblePromptInterrupt("Ctrl+C"), "stop", False),
        (AnsiblePromptNoninteractive("no terminal"), "nobody", False),
        (AnsibleError("the terminal is gone"), "nobody", False),
    ],
)
def test_answers(typed: bytes | Exception, answer: str, allowed: bool) -> None:
    def prompt(*_args: object, **_options: object) -> bytes:
        if isinstance(typed, Exception):
            raise typed
        return typed

    decision = decide(_CALL, None, prompt, None)
    assert (decision["answer"], decision["allowed"]) == (answer, allowed)
    assert bool(decision["problem"]) == (answer in ("no", "nobody"))


def test_no_answer_in_time_is_no_yes() -> None:
    def prompt(_question: str, *, seconds: int | None) -> bytes:
        # What was typed without Enter is returned when the time is over.
        assert seconds
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.01)
        return b"yes"

    assert decide(_CALL, None, prompt, time.time() + 2)["answer"] == "nobody"
    assert decide(_CALL, None, prompt, time.time() - 60)["answer"] == "nobody"


def test_a_call_with_a_problem_is_not_asked_about() -> None:
    def prompt(*_args: object, **_options: object) -> bytes:
        raise AssertionError("nobody must be asked")

    decision = decide(_CALL, "not\x1b allowed", prompt, None)
    assert (decision["allowed"], decision["problem"], decision["msg"]) == (
        False,
        "not\x1b allowed",
        r"not\u001b allowed",
    )
    assert decide(_CALL, None, None, None)["allowed"]
