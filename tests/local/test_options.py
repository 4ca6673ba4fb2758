# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of connection options: what the documentation says is what the plugins do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.threadworks.openai.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.threadworks.openai.plugins.plugin_utils._connection import (
    connection_options,
    option_definitions,
)

Json = dict[str, Any]


def _options(given: Json, variables: Json | None = None, environment: dict[str, str] | None = None) -> Json:
    variables = variables or {}
    return connection_options(given, variables, Templar(DataLoader(), variables), environment)


@pytest.mark.matrix
def test_documentation_has_the_same_sources() -> None:
    described = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    sources = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
    documented = {}
    for name, option in described.items():
        source = {"env": [], **sources[name]}
        documented[name] = {"type": option["type"], **source}
        if "default" in option:
            documented[name]["default"] = option["default"]
    assert option_definitions() == documented


@pytest.mark.matrix
def test_types_are_made_wherever_a_value_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_RUNTIME_CONCURRENT_RUNS", "7")
    found = _options({"timeout": 5.5}, {"openai_max_retries": "4", "openai_runtime_idle_timeout": 30})
    assert (found["runtime_concurrent_runs"], found["max_retries"], found["runtime_idle_timeout"]) == (7, 4, 30.0)
    assert found["timeout"] == 5.5
    assert found["api_key"] is None
    assert found["runtime_store"].endswith("/threadworks.openai/runtime.db")


@pytest.mark.matrix
def test_wrong_type_names_the_option() -> None:
    with pytest.raises(AnsibleError, match="max_retries"):
        _options({}, {"openai_max_retries": "many"})


def test_empty_text_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert _options({"runtime_url": ""})["runtime_url"] is None
    assert _options({})["base_url"] is None
