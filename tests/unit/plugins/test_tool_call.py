# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person is shown of a tool call, and what an answer means. A real terminal: test_tool_confirm.py."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from ansible.errors import AnsibleError, AnsiblePromptInterrupt, AnsiblePromptNoninteractive

from ansible_collections.threadworks.openai.plugins.plugin_utils._printable import printable
from ansible_collections.threadworks.openai.plugins.plugin_utils._tool_call import Call, decide

_CALL = Call("play", "web", "look", {"path": "/var"})


def test_every_character_that_moves_or_hides_something_is_escaped() -> None:
    for number in (*range(0x10000), *range(0xE0000, 0xE0200)):
        shown = printable(chr(number))
        assert all(unicodedata.category(each)[0] != "C" for each in shown)
        assert not any(unicodedata.category(each) in ("Zl", "Zp") for each in shown)
    assert printable("Zürich 文 ñ Жук") == "Zürich 文 ñ Жук"
    assert printable("\x1b[0m\u202e\U000e0041") == r"\u001b[0m\u202e\U000e0041"


def test_every_character_that_cannot_be_seen_is_escaped() -> None:
    blank = "\ufe0f\U000e0100\u034f\u3164\u115f\u1160\uffa0\u2800\u17b4\u180b\u180e\u2061\u00a0\u3000\u0338\U0001d159"
    leftwards = "\u05d0\u0627\u0661\U00010800"
    for character in blank + leftwards:
        assert printable(f"x{character}y").isascii()


class _Terminal:
    """Ansible's prompt: keys that were typed ahead answer any question, unless they have been read before."""

    def __init__(self, *typed: bytes | Exception) -> None:
        self.ahead = b""
        self.asked: list[str] = []
        self._typed = iter(typed)

    def __call__(
        self, question: str, /, *, private: bool = False, seconds: float | None = None, complete_input: object = None
    ) -> bytes:
        self.asked.append(question)
        if complete_input is not None:
            keys, self.ahead = self.ahead, b""
            return keys
        keys = self.ahead or next(self._typed)
        if isinstance(keys, Exception):
            raise keys
        answer, _enter, self.ahead = keys.partition(b"\r")
        return answer


def test_keys_that_were_typed_ahead_answer_nothing() -> None:
    terminal = _Terminal(b"y\ry\ry\r", b"n")
    assert decide(_CALL, None, terminal, None)["answer"] == "yes"
    assert decide(_CALL, None, terminal, None)["answer"] == "no"
    (told,) = (each for each in terminal.asked if "discarded" in each)
    assert told == "Keys that were typed before the question are discarded."


def test_a_wrong_answer_is_asked_again() -> None:
    terminal = _Terminal(b"yup\x1b", b"n")
    assert decide(_CALL, None, terminal, None)["answer"] == "no"
    assert terminal.asked[2].splitlines()[:2] == [
        r"'yup\u001b' is not one of: yes, no, always, stop.",
        "The model calls a tool.",
    ]


def test_always_is_for_the_same_tasks() -> None:
    call = Call("play of always", "web", "look", {}, "look.yml")
    assert decide(call, None, _Terminal(b"always"), None)["answer"] == "always"
    assert decide(call._replace(arguments={"path": "/"}), None, _Terminal(), None)["answer"] == "always"
    for other in ("wipe.yml", {"role": "look.yml"}, None):
        assert decide(call._replace(tasks=other), None, _Terminal(b"no"), None)["answer"] == "no"


@pytest.mark.parametrize("arguments", [{"a": "\\u202e"}, {"a": '"}\n  tool: other'}, {"ö": ["\x00", 1.5, None, True]}])
def test_shown_arguments_are_unambiguous(arguments: object) -> None:
    terminal = _Terminal(b"n")
    assert decide(Call("play", "web", "look", arguments), None, terminal, None)["answer"] == "no"
    (line,) = (each for each in terminal.asked[0].split("\n") if each.startswith("  arguments: "))
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
    decision = decide(_CALL, None, _Terminal(typed), None)
    assert (decision["answer"], decision["allowed"]) == (answer, allowed)
    assert bool(decision["problem"]) == (answer in ("no", "nobody"))


def test_ansible_runner_gives_a_terminal_at_which_nobody_sits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", "/runner/artifacts/1")
    terminal = _Terminal(b"yes")
    decision = decide(_CALL, None, terminal, None)
    assert (decision["answer"], decision["allowed"], terminal.asked) == ("nobody", False, [])
    assert decision["problem"] == (
        "A person must confirm the tool look, but no one can be asked: the playbook runs in ansible-runner."
    )


def test_no_answer_in_time_is_no_yes() -> None:
    def prompt(_question: str, *, private: bool = False, seconds: float | None, complete_input: object = None) -> bytes:
        if complete_input is not None:
            return b""
        # Input without Enter is returned at the timeout.
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
