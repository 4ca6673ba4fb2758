# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as a difference between what a server returns and what was asked for, and how it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._diff import changes, diff


@pytest.mark.parametrize(
    ("actual", "wanted"),
    [
        (None, []),
        (None, {}),
        ({"code_interpreter": {"file_ids": []}}, {}),
        (
            [{"type": "function", "function": {"name": "f", "strict": False}}],
            [{"type": "function", "function": {"name": "f"}}],
        ),
        ({"a": 1, "b": None}, {"a": 1}),
        (1.0, 1),
    ],
)
def test_what_a_server_fills_in_is_no_change(actual: Any, wanted: Any) -> None:
    assert changes({"field": actual}, {"field": wanted}) == {}


@pytest.mark.parametrize(
    ("actual", "wanted"),
    [
        ("", "text"),
        ([1, 2], [2, 1]),
        ({"a": "1"}, {}),
        ({"parameters": {"x": None}}, {"parameters": {}}),
        ({"function": {"strict": True}}, {"function": {}}),
    ],
)
def test_everything_else_is_one(actual: Any, wanted: Any) -> None:
    assert changes({"field": actual}, {"field": wanted}) == {"field": wanted}


def test_fields_that_are_not_wanted_stay_as_they_are() -> None:
    assert changes({"a": 1, "b": 2}, {"b": 3}) == {"b": 3}


def test_short_texts_and_other_values_are_shown_as_they_are() -> None:
    fields = {"text": "x" * 160, "number": 0.5, "nested": {"items": [None, True]}}
    assert diff(None, fields, "thing")["after"] == fields


def test_a_text_that_is_a_little_too_long_is_shortened() -> None:
    shown = diff(None, {"text": "x" * 161}, "thing")["after"]["text"]
    assert shown.startswith("x" * 160 + "... (161 characters, sha256 ")
    assert len(shown) == len("x" * 160 + "... (161 characters, sha256 12345678)")


def test_long_texts_are_shortened_but_never_look_equal() -> None:
    long = "word " * 100
    shown = diff({"text": [long + "a"]}, {"text": [long + "b"]}, "thing")
    before, after = shown["before"]["text"][0], shown["after"]["text"][0]
    assert before != after
    assert all("(501 characters, sha256 " in each and len(each) < 220 for each in (before, after))
    assert (shown["before_header"], shown["after_header"]) == ("thing", "thing")
    assert diff(None, {}, "thing") == {**shown, "before": {}, "after": {}}
