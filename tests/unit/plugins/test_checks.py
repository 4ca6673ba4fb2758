# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of options, called directly: the limits on both sides, and what the messages name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _checks
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY, is_predicted
from ansible_collections.threadworks.openai.plugins.module_utils._option import Option, between, secrets
from ansible_collections.threadworks.openai.plugins.module_utils._options import Spec, check_options

Check = Callable[[str, Any], Any]
FUNCTION = {"type": "function", "function": {"name": "f"}}
ID = "which is not an id. An id cannot contain spaces"
TIME = "but must be a date such as 2026-11-26"


def test_what_is_not_utf8_in_the_output_of_a_tool_is_replaced() -> None:
    output = {"\u00e9": ["a\udcff\udcfe\n", 1.5, None]}
    assert _checks.utf8("output", output) == {"\u00e9": ["a??\n", 1.5, None]}
    item: dict[str, Any] = {"tool_call_id": "call_1", "output": "a\udcff"}
    Spec("openai_run").check({"tool_outputs": [item]})
    assert item["output"] == "a?"


def test_a_model_can_choose_halves_of_surrogate_pairs() -> None:
    """What is done with a call must not depend on what it contains. The runtime cleans texts, but not escaped ones."""
    Spec("openai_tool_turn").check({"calls": [{"function": {"arguments": {"a": "\ud800"}}}]})
    Spec("openai_tool_call").check(dict.fromkeys(("name", "arguments", "id", "problem"), "�"))


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (_checks.at_most(3), "abc"),
        (_checks.at_most(0), []),
        (_checks.text(3), "abc"),
        (_checks.text(), "x" * 10_000),
        (_checks.check_id, KNOWN_AFTER_APPLY),
        (_checks.check_thread, "thread_1"),
        (_checks.check_thread, "a key / with # all of ?"),
        (_checks.check_assistant, "An assistant? Yes"),
        (_checks.check_assistant, "n" * 512),
        (_checks.pairs(3), {f"k{number}": "v" for number in range(13)}),
        (_checks.pairs(0), {"k" * 64: "v" * 512, "k": ""}),
        (_checks.tools(2), [FUNCTION, {"type": "file_search"}]),
        (_checks.check_tool_choice, "required"),
        (_checks.check_tool_choice, FUNCTION),
        (_checks.check_tool_choice, {"type": "code_interpreter"}),
        (_checks.check_format, "auto"),
        (_checks.check_format, {"type": "text"}),
        (_checks.check_content, [{"type": "text", "text": "Hi"}]),
        (_checks.check_content, [{"type": "image_file", "image_file": {"file_id": "f"}}]),
        (_checks.check_files, ["a.md", {"path": "a.md", "attributes": {}}, {"file_id": "f", "attributes": None}]),
        (_checks.check_files, [{"filename": "a.md", "object": "file", "bytes": 3}, {"file_id": "f", "changed": True}]),
        (between(1, 2), 1),
        (between(1, 2), 2),
        (between(1), 10**9),
    ],
)
def test_what_is_allowed(check: Check, value: Any) -> None:
    check("option", value)


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (_checks.at_most(3), "abcd", "option has 4 characters, but at most 3 are allowed."),
        (_checks.at_most(0), [1], "option has 1 option, but at most 0 are allowed."),
        (_checks.text(3), "abcd", "option has 4 characters"),
        (_checks.text(), "\t\n", "option is empty. Set a value"),
        (_checks.check_id, "", "option is empty"),
        *((_checks.check_id, f"a{wrong}b", ID) for wrong in " /?#%\n"),
        (_checks.check_thread, "thread_1/runs", ID),
        (_checks.check_assistant, "asst_1 2", ID),
        (_checks.check_thread, "k" * 513, "option has 513 characters, but at most 512"),
        (_checks.check_assistant, " ", "option is empty"),
        (_checks.pairs(3), {str(number): "v" for number in range(14)}, "14 pairs, but at most 13 are allowed (the API"),
        (_checks.pairs(0), {str(number): "v" for number in range(17)}, "17 pairs, but at most 16 are allowed."),
        (_checks.pairs(0), {"k" * 65: "v"}, f"option has a key of 65 characters ('{'k' * 20}...'), but 1 to 64"),
        (_checks.pairs(0), {"k": "v" * 513}, "option.k has 513 characters"),
        (_checks.pairs(0), {"k": None}, "option.k is null, but must be a string"),
        (_checks.pairs(0), {"k": [1]}, "option.k is a list, but must be a string"),
        (_checks.tools(1), [FUNCTION, FUNCTION], "option has 2 option, but at most 1"),
        (_checks.check_tool_choice, FUNCTION | {"function": "f"}, "option.function.name is missing"),
        (_checks.check_tool_choice, {"type": "function", "function": {"name": ""}}, "option.function.name is '', but"),
        (_checks.check_tool_choice, {"type": "function", "function": {"name": "x" * 65}}, "1 to 64 of the characters"),
        (_checks.check_tool_choice, True, "option is a boolean, but must be none, auto, required, or a dictionary"),
        (_checks.check_format, 1.5, "option is a number, but must be auto or a dictionary whose type is one of text"),
        (_checks.check_format, None, "option is null, but"),
        (_checks.tools(1), [[]], "option[0] is a list, but must be a dictionary whose type"),
        (_checks.check_content, {"type": "text"}, "option is a dictionary, but must be a string or a list"),
        (_checks.check_content, [{"type": "image_url", "image_url": {}}], "option[0].image_url.url is missing"),
        (_checks.check_files, [{"path": ""}], "option[0] has none of the keys file_id, path, filename."),
        (_checks.check_files, [{"path": "a", "y": 1, "x": 1}], "option[0].x is not supported"),
        (_checks.check_files, ["a", {"path": "a", "attributes": [1]}], "option[1].attributes is a list, but"),
        (_checks.check_files, [" "], "option[0] is empty"),
        (between(1, 2), 0.5, "option is 0.5, but must be between 1 and 2."),
        (between(1), 0, "option is 0, but must be at least 1."),
    ],
)
def test_what_is_not_allowed(check: Check, value: Any, message: str) -> None:
    with pytest.raises(TaskError, match=re.escape(message)):
        check("option", value)


def test_the_values_of_metadata_are_converted_to_strings() -> None:
    checked = _checks.pairs(0)("metadata", {"a": 3, "b": True, "c": 0.5, 4: "x"})
    assert checked == {"a": "3", "b": "true", "c": "0.5", "4": "x"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1795716000.9", 1795716000),
        ("1970-01-02", 86400),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:05Z", 5),
        (" 1970-01-01 00:01 ", 60),
    ],
)
def test_times(value: str, seconds: int) -> None:
    assert _checks.check_time("after", value) == seconds


@pytest.mark.parametrize("value", ["", "yesterday", "1.", "-1", "2026-13-01", "9" * 400])
def test_what_is_not_a_time(value: str) -> None:
    with pytest.raises(TaskError, match=TIME):
        _checks.check_time("after", value)


def test_which_ids_are_predicted() -> None:
    assert is_predicted("(known after apply)")
    assert is_predicted("(known after apply 2)")
    assert not is_predicted("(known after applause)")
    assert not is_predicted("known after apply")


@pytest.mark.parametrize(("value", "is_hidden"), [("1234567", False), ("12345678", True), ("123456789", True)])
def test_short_values_are_no_secrets(value: str, is_hidden: bool) -> None:
    assert secrets([value, ""]) == ({value} if is_hidden else set())


def test_options_at_any_depth_are_checked_and_replaced() -> None:
    inner = (Option("low", "int", check=between(1)), Option("when", "str", check=_checks.check_time))
    options = (Option("one", "dict", options=inner), Option("many", "list", options=inner), Option("unset", "str"))
    params: dict[str, Any] = {"one": {"low": 1, "when": "7"}, "many": [{"when": "8"}, {"low": None}], "unset": None}
    check_options(params, options)
    assert params == {"one": {"low": 1, "when": 7}, "many": [{"when": 8}, {"low": None}], "unset": None}
    for wrong, where in (({"one": {"low": 0}}, "one.low"), ({"many": [{}, {"low": 0}]}, "many[1].low")):
        with pytest.raises(TaskError, match=re.escape(f"{where} is 0, but must be at least 1")):
            check_options(wrong, options)
