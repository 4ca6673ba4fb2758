# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Argument specs, parameter names and checks from the table of options. Lookups only import the parts of the table that
# they need.

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

from ._option import Option, secrets
from ._table_connection import CONNECTION
from ._table_files import FILES
from ._table_info import INFO
from ._table_resources import RESOURCES
from ._table_runs import RUNS
from ._table_tools import TOOLS
from ._table_transfer import TRANSFER

TABLE = (*RUNS, *RESOURCES, *INFO, *TOOLS, *FILES, *TRANSFER)
# openai_tool_call does not use a server.
_NO_CONNECTION = ("openai_tool_call",)
# The options of a run that do not affect the answer.
NOT_IDENTITY = frozenset(option.name for option in TABLE if not option.is_identity)

# Keep nulls in JSON Schemas, where they have a meaning.
_VERBATIM = ("parameters", "schema", "output")


class Spec:
    """The options of a module.

    Args:
        module: The name of the module.
        rules: Further arguments of `AnsibleModule`, such as `required_one_of`.
    """

    def __init__(self, module: str, **rules: t.Any) -> None:
        own = tuple(option for option in TABLE if module in option.modules)
        self.options = own if module in _NO_CONNECTION else (*own, *CONNECTION)
        self.argument_spec = {option.name: _argument(option) for option in self.options}
        self.rules = rules
        # The options in a request of the module.
        self.wire = tuple(option.name for option in own if option.wire)

    def to_kwargs(self) -> dict[str, t.Any]:
        """Return the keyword arguments for `AnsibleModule` and `ArgumentSpecValidator`."""
        return {"argument_spec": self.argument_spec, **self.rules}

    def secrets(self, params: dict[str, t.Any]) -> set[str]:
        """Return the values of a task's options that must not be shown."""
        return secrets(str(params.get(option.name) or "") for option in self.options if option.no_log)

    def check(self, params: dict[str, t.Any]) -> None:
        """Check the options of a task, and convert metadata values to strings.

        Raises:
            TaskError: A value is not allowed; the message names the option.
        """
        check_options(params, self.options)


def check_options(params: dict[str, t.Any], options: t.Iterable[Option], where: str = "") -> None:
    """Check the options that are set.

    Args:
        params: The values of the options by their names. A check can replace a value.
        options: The options.
        where: The parent option, for messages.

    Raises:
        TaskError: A value is invalid. The message contains the option, its value, and the allowed values.
    """
    for option in options:
        value = params.get(option.name)
        if value is None:
            continue
        name = f"{where}.{option.name}" if where else option.name
        params[option.name] = option.checked(name, value)
        if option.options:
            if isinstance(value, dict):
                check_options(value, option.options, name)
            else:
                for index, item in enumerate(value):
                    check_options(item, option.options, f"{name}[{index}]")


def _argument(option: Option) -> dict[str, t.Any]:
    """Return an option in the format of an argument spec."""
    argument = {
        "type": option.type,
        "elements": option.elements or None,
        "choices": list(option.choices) or None,
        "default": option.default,
        "required": option.required or None,
        "options": {each.name: _argument(each) for each in option.options} or None,
        "required_if": list(option.required_if) or None,
        "no_log": option.no_log,
        "fallback": (env_fallback, list(option.env)) if option.env else None,
    }
    return {name: value for name, value in argument.items() if value is not None}


def given(params: dict[str, t.Any], names: t.Iterable[str]) -> dict[str, t.Any]:
    """Return the options with these names that are set, in the format of a request.

    Nulls are omitted at any depth, because a null option is not set.
    """
    return {name: _set_only(params[name]) for name in names if params.get(name) is not None}


def _set_only(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {
            key: item if key in _VERBATIM else _set_only(item)
            for key, item in value.items()
            if item is not None or key in _VERBATIM
        }
    if isinstance(value, list):
        return [_set_only(item) for item in value]
    return value
