# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs from the table of options, as Ansible uses them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.threadworks.openai.plugins.module_utils._options import Spec, given
from ansible_collections.threadworks.openai.tests.world import Json

RUN: Json = {"thread_id": "thread_1", "assistant_id": "asst_1"}


def _validated(spec: Spec, **options: Any) -> tuple[Json, list[str]]:
    validation = ArgumentSpecValidator(**spec.to_kwargs()).validate(options)
    return validation.validated_parameters, validation.error_messages


def test_options_have_defaults_or_values_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    params, errors = _validated(Spec("openai_run"), **RUN)
    assert (errors, params["api_key"], params["wait"], params["model"]) == ([], "from the environment", True, None)
    assert _validated(Spec("openai_run"), **RUN, api_key="set")[0]["api_key"] == "set"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"thread_id": None}, "thread_id"),
        ({"temperature": "warm"}, "temperature"),
        ({"tool_outputs": [{"output": "x"}]}, "tool_call_id"),
        ({"state": "absent"}, "must be one of"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_ansible_refuses_what_the_table_does_not_allow(options: Json, error: str) -> None:
    given_options = {name: value for name, value in {**RUN, **options}.items() if value is not None}
    _params, errors = _validated(Spec("openai_run"), **given_options)
    assert any(error in each for each in errors)


def test_rules_inside_an_option() -> None:
    spec = Spec("openai_run")
    assert _validated(spec, **RUN, truncation_strategy={"type": "auto"})[1] == []
    _params, errors = _validated(spec, **RUN, truncation_strategy={"type": "last_messages"})
    assert any("last_messages" in each for each in errors)


def test_the_connection_is_not_an_option_of_a_tool_call() -> None:
    assert "runtime_url" in Spec("openai_run").argument_spec
    assert "runtime_url" not in Spec("openai_tool_call").argument_spec


def test_secrets() -> None:
    assert Spec("openai_run").secrets({"api_key": "sk-123456789", "thread_id": "thread_1"}) == {"sk-123456789"}
    assert Spec("openai_run").secrets({"api_key": None}) == set()


def test_what_is_set_is_sent_without_nulls() -> None:
    params: Json = {
        "a": None,
        "b": {"c": None, "d": {"e": None, "f": 0}, "g": []},
        "h": [{"i": None, "j": False}],
        "k": {"parameters": {"default": None}, "schema": {"x": None}, "output": None},
    }
    assert given(params, ("a", "b", "h", "k", "missing")) == {
        "b": {"d": {"f": 0}, "g": []},
        "h": [{"j": False}],
        "k": {"parameters": {"default": None}, "schema": {"x": None}, "output": None},
    }
