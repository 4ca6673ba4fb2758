# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Connection options as every plugin of the control node gets them: from task, module_defaults, vars, the task's
# environment, the process's environment, ini and default, in the order that Ansible has for all plugins.

from __future__ import annotations

import functools
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader

from ..module_utils._argspec import CONNECTION

# Action plugins cannot have options of their own in Ansible's configuration; this lookup's are read in their name.
_DOCUMENTED_BY = "threadworks.openai.openai_run"


@functools.cache
def option_definitions() -> tuple[str, dict[str, t.Any]]:
    """Return the name by which Ansible's configuration knows the connection options, and their definitions.

    The first call loads a lookup plugin with its documentation: in the parent process, all workers have it.
    """
    name = lookup_loader.get(_DOCUMENTED_BY)._load_name
    return name, C.config.get_configuration_definitions("lookup", name)


def connection_options(
    given: dict[str, t.Any],
    variables: dict[str, t.Any],
    templar: t.Any,
    environment: dict[str, str] | None = None,
) -> dict[str, t.Any]:
    """Return all connection options of a task.

    Args:
        given: what the task sets.
        variables: the variables of the task, as Ansible hands them over: not templated.
        templar: templates them.
        environment: the task's own `environment`, which beats the process's.

    Raises: AnsibleError where a value from outside is not of the option's type.
    """
    documented_by, definitions = option_definitions()
    options = {}
    for name in CONNECTION.argument_spec:
        value = given.get(name)
        if value is None:
            value, origin = C.config.get_config_value_and_origin(
                name,
                plugin_type="lookup",
                plugin_name=documented_by,
                variables=templated([definitions[name]], variables, templar),
            )
            if not origin.startswith("var:"):
                value = next(
                    (
                        environment[env["name"]]
                        for env in definitions[name].get("env", [])
                        if env["name"] in (environment or {})
                    ),
                    value,
                )
        options[name] = value or None if isinstance(value, str) else value
    return options


def templated(
    definitions: t.Iterable[dict[str, t.Any]], variables: dict[str, t.Any], templar: t.Any
) -> dict[str, t.Any]:
    """Return the variables that options are made from, templated: Ansible's configuration takes them as they are.

    Args:
        definitions: the options, as the plugin's documentation defines them.
        variables: all variables, not templated.
        templar: templates them.

    Raises: AnsibleError where one cannot be templated.
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
