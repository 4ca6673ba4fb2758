# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of options: each entry is used, documented and named, and a lookup loads no more of it than it needs."""

from __future__ import annotations

import importlib
from collections import Counter
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import add_fragments

from ansible_collections.threadworks.openai.plugins.module_utils._option import Option
from ansible_collections.threadworks.openai.plugins.module_utils._options import TABLE, Spec
from ansible_collections.threadworks.openai.plugins.module_utils._status import RunStatus
from ansible_collections.threadworks.openai.plugins.module_utils._table_connection import CONNECTION
from ansible_collections.threadworks.openai.plugins.module_utils._table_lookups import LOOKUPS, STATUSES
from ansible_collections.threadworks.openai.plugins.module_utils._table_runs import ROLE
from ansible_collections.threadworks.openai.plugins.plugin_utils._documentation import described

_PLUGINS = "ansible_collections.threadworks.openai.plugins"
_FOLDER = Path(__file__).parents[3] / "plugins"
_MODULES = sorted(path.stem for path in (_FOLDER / "modules").glob("openai_*.py"))
_LOOKUPS = sorted(path.stem for path in (_FOLDER / "lookup").glob("openai_*.py"))
_FOR_CODE = ("no_log", "fallback", "required_if", "options")


def test_every_entry_is_documented() -> None:
    for part in (TABLE, CONNECTION, LOOKUPS):
        for option in part:
            assert described([option])[option.name]["description"], option.name


def test_every_entry_has_known_columns() -> None:
    for part in (TABLE, CONNECTION, LOOKUPS):
        for option in part:
            assert set(vars(option)) <= set(Option.__annotations__), option.name


def test_every_entry_belongs_to_modules_and_lookups_that_exist() -> None:
    assert {module for option in TABLE for module in option.modules} == {*_MODULES, ROLE}
    assert {lookup for option in LOOKUPS for lookup in option.lookups} == set(_LOOKUPS)
    assert all(option.modules for option in TABLE)


def test_no_module_and_no_lookup_has_an_option_twice() -> None:
    found = Counter((module, option.name) for option in TABLE for module in option.modules)
    found += Counter((f"lookup {lookup}", option.name) for option in LOOKUPS for lookup in option.lookups)
    found += Counter((module, option.name) for option in CONNECTION for module in _MODULES)
    assert {place for place, number in found.items() if number > 1} == set()


def _documented(options: dict[str, Any]) -> dict[str, Any]:
    """What documentation says of options, without what is for readers."""
    return {
        name: {
            **{key: value for key, value in option.items() if key not in ("description", "suboptions")},
            **({"options": _documented(option["suboptions"])} if "suboptions" in option else {}),
        }
        for name, option in options.items()
    }


def _defined(spec: dict[str, Any]) -> dict[str, Any]:
    """What an argument spec says of options, without what only code needs."""
    return {
        name: {
            **{
                key: value
                for key, value in option.items()
                if key not in ("no_log", "fallback", "required_if", "options")
            },
            **({"options": _defined(option["options"])} if "options" in option else {}),
        }
        for name, option in spec.items()
    }


@pytest.mark.matrix
@pytest.mark.parametrize("module", _MODULES)
def test_a_module_has_the_options_of_its_documentation(module: str) -> None:
    file = _FOLDER / "modules" / f"{module}.py"
    documentation = yaml.safe_load(importlib.import_module(f"{_PLUGINS}.modules.{module}").DOCUMENTATION)
    assert "options" not in documentation
    add_fragments(documentation, str(file), fragment_loader, is_module=True)
    for option in documentation["options"].values():
        option.pop("version_added", None)
        option.pop("version_added_collection", None)
    assert _documented(documentation["options"]) == _defined(Spec(module).argument_spec)


def test_the_lookups_know_every_status() -> None:
    # They write them out: most of them do not load the enum.
    assert list(STATUSES) == [status.value for status in RunStatus]


def test_the_role_has_the_options_of_the_table() -> None:
    # runpy would ask the import hooks of Ansible, which accept each path below `ansible_collections/`.
    loader = SourceFileLoader("role_options", str(_FOLDER.parent / "scripts" / "role_options.py"))
    script = ModuleType("role_options")
    script.__file__ = loader.path
    loader.exec_module(script)
    outdated = [file for file in script.files() if script.updated(file.read_text()) != file.read_text()]
    assert outdated == [], "run `make role`"


def test_the_guides_have_every_option_of_the_request() -> None:
    identity, servers = (
        (_FOLDER.parent / "docs" / guide).read_text(encoding="utf-8") for guide in ("identity.md", "model_servers.md")
    )
    asked = [option.name for option in TABLE if option.wire and "openai_run" in option.modules]
    assert [name for name in asked if f"`{name}`" not in identity] == []
    # The runtime's file of the options that the Assistants API does not have.
    schema = (_FOLDER.parent / "roles/runtime/files/threadworks_runtime/schemas/passed.py").read_text(encoding="utf-8")
    passed = [name for name in asked if f"    {name}: " in schema]
    assert len(passed) >= 5
    assert [name for name in passed if f"| `{name}` |" not in servers] == []


def test_an_entry_without_a_comment_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"The option new has no comment that starts with #:"):
        described([Option("new", "str")])
