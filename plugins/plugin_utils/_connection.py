# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Connection options as every plugin of the control node gets them: from task, module_defaults, vars, the task's
# environment, the process's environment, ini and default, in the order that Ansible has for all plugins.

from __future__ import annotations

import secrets
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleError

from ..module_utils._option import Option
from ..module_utils._table_connection import CONNECTION

# Ansible's configuration knows the options under this name. Action plugins have no documentation that it could read
# them from, and to read a lookup's takes longer than many a task.
_KNOWN_AS = ("action", "threadworks.openai")
_INI_SECTION = "openai"
# The id of this play: a budget per play is shared by all forks. Ansible loads action plugins before it forks.
_PLAY = secrets.token_hex(8)
# An argument spec has no such default: on a managed host there is no home of Ansible.
_STORE = '{{ ANSIBLE_HOME ~ "/threadworks.openai/runtime.db" }}'


def option_definitions() -> dict[str, dict[str, t.Any]]:
    """Return the connection options as Ansible's configuration defines them, with the sources of each option."""
    return {option.name: {**definition(option), **sources(option)} for option in CONNECTION}


def definition(option: Option) -> dict[str, t.Any]:
    """Return an option as Ansible's configuration defines it, without its sources."""
    defined = {
        "type": option.type,
        "elements": option.elements,
        "choices": list(option.choices),
        "default": _STORE if option.name == "runtime_store" else option.default,
    }
    return {name: value for name, value in defined.items() if value not in (None, "", [])}


def sources(option: Option) -> dict[str, t.Any]:
    """Return the sources of a connection option other than the task."""
    places: dict[str, t.Any] = {
        "env": [{"name": variable} for variable in option.env],
        "vars": [{"name": f"openai_{option.name}"}],
    }
    if not option.no_log:
        # Secrets must not be stored in a file that may be under version control.
        places["ini"] = [{"section": _INI_SECTION, "key": option.name}]
    return places


def connection_options(
    given: dict[str, t.Any],
    variables: dict[str, t.Any],
    templar: t.Any,
    environment: dict[str, str] | None = None,
) -> dict[str, t.Any]:
    """Return all connection options of a task.

    Args:
        given: What the task sets.
        variables: The variables of the task, which Ansible passes without templating.
        templar: Templates them.
        environment: The task's own `environment`, which beats the process's.

    Raises:
        AnsibleError: A value from outside is not of the option's type.
    """
    plugin_type, plugin_name = _KNOWN_AS
    definitions = option_definitions()
    if not C.config.has_configuration_definition(plugin_type, plugin_name):
        C.config.initialize_plugin_configuration_definitions(plugin_type, plugin_name, definitions)
    known = templated(definitions.values(), variables, templar)
    options = {}
    for name, definition in definitions.items():
        value = given.get(name)
        if value is None:
            value, origin = C.config.get_config_value_and_origin(
                name, plugin_type=plugin_type, plugin_name=plugin_name, variables=known
            )
            if not origin.startswith("var:"):
                own = [each["name"] for each in definition["env"] if each["name"] in (environment or {})]
                value = environment[own[0]] if environment and own else value
        options[name] = value or None if isinstance(value, str) else value
    if options["budget"]:
        # Imported here, because most tasks do not have one.
        from ..module_utils._spending import with_play

        options["budget"] = with_play(options["budget"], _PLAY)
    return options


def templated(
    definitions: t.Iterable[dict[str, t.Any]], variables: dict[str, t.Any], templar: t.Any
) -> dict[str, t.Any]:
    """Return the templated variables for options, because Ansible's configuration does not template them.

    Args:
        definitions: The options, as the plugin's documentation defines them.
        variables: All variables, not templated.
        templar: Templates them.

    Raises:
        AnsibleError: One cannot be templated.
    """
    names = {entry["name"] for definition in definitions for entry in definition.get("vars", [])}
    found = {name: _templated(name, variables[name], templar) for name in sorted(names) if name in variables}
    # The default of the store is a template with Ansible's home in it.
    return {"ANSIBLE_HOME": C.ANSIBLE_HOME, **found}


def _templated(name: str, value: t.Any, templar: t.Any) -> t.Any:
    try:
        return templar.template(value)
    except AnsibleError as error:
        raise AnsibleError(f"The variable {name} cannot be templated: {error}") from error
