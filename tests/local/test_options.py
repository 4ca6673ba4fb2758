# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of connection options: what the documentation says is what the plugins do."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import fragment_loader, lookup_loader
from ansible.template import Templar
from ansible.utils.plugin_docs import add_fragments

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


_LOOKUPS = sorted(path.stem for path in (Path(__file__).parents[2] / "plugins/lookup").glob("openai_*.py"))
_SAID_TO_READERS = ("description", "required", "version_added", "version_added_collection")


@pytest.mark.matrix
@pytest.mark.parametrize("lookup", _LOOKUPS)
def test_lookup_has_the_options_of_its_documentation(lookup: str) -> None:
    module = importlib.import_module(f"ansible_collections.threadworks.openai.plugins.lookup.{lookup}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    add_fragments(documentation, str(module.__file__), fragment_loader)
    documented = {
        name: {key: value for key, value in option.items() if key not in _SAID_TO_READERS}
        for name, option in documentation["options"].items()
        if name != "_terms"
    }
    defined = C.config.get_configuration_definitions("lookup", module.__name__)
    # Ansible looks for them under this name.
    assert lookup_loader.get(f"threadworks.openai.{lookup}")._load_name == module.__name__
    assert {name: {"env": [], **option} for name, option in defined.items()} == {
        name: {"env": [], **option} for name, option in documented.items()
    }


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
