# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of tasks in the guides. `test_guides.py` also runs those that are whole playbooks."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.threadworks.openai.tests.guides import GUIDES, ROOT, blocks_of

Json = dict[str, Any]

_PREFIX = "threadworks.openai.openai_"
_ROLE = "threadworks.openai."
_DUMMIES: Json = {"int": 1, "float": 1.0, "bool": True, "list": [], "dict": {}}


def _items(value: Any) -> Iterator[Json]:
    """Yield all dictionaries in a value: plays, blocks, tasks and their parts."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _items(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _items(inner)


def _tasks(guide: str) -> list[Json]:
    # The other blocks are INI files, which start with a section.
    documents = (yaml.safe_load(text) for _name, text in blocks_of(guide) if not text.startswith("["))
    return [item for document in documents for item in _items(document)]


def _filled(value: Any, argument: Json) -> Any:
    """Return a value in which expressions are replaced with values of the right type."""
    if isinstance(value, str) and "{{" in value:
        return argument.get("choices", [_DUMMIES.get(argument.get("type", "str"), "text")])[0]
    options = argument.get("options", {})
    if isinstance(value, list) and options:
        return [_filled(item, {**argument, "type": "dict"}) for item in value]
    if isinstance(value, dict) and options:
        return {name: _filled(inner, options.get(name, {})) for name, inner in value.items()}
    return value


@pytest.mark.parametrize("guide", GUIDES)
def test_options_of_modules(guide: str) -> None:
    for task in _tasks(guide):
        for name, options in task.items():
            # A play's module_defaults have the same form, and no value that is required.
            if name.startswith(_PREFIX) and "name" in task and isinstance(options, dict):
                short = name.removeprefix(_PREFIX)
                spec = importlib.import_module(
                    f"ansible_collections.threadworks.openai.plugins.module_utils._{short}"
                ).SPEC
                values = _filled(options, {"type": "dict", "options": spec.argument_spec})
                validation = ArgumentSpecValidator(**spec.to_kwargs()).validate(values)
                assert not validation.error_messages, f"{task['name']}: {validation.error_messages}"


@pytest.mark.parametrize("guide", GUIDES)
def test_inputs_of_roles(guide: str) -> None:
    for task in _tasks(guide):
        role = task.get("ansible.builtin.include_role", {}).get("name", "")
        if role.startswith(_ROLE):
            short = role.removeprefix(_ROLE)
            specs = yaml.safe_load((ROOT / "roles" / short / "meta" / "argument_specs.yml").read_text())
            own = {name for name in task.get("vars", {}) if name.startswith(f"{short}_")}
            assert own <= specs["argument_specs"]["main"]["options"].keys(), task["name"]
