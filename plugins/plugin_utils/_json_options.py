# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleActionFail

from ..module_utils._option import Option
from ..module_utils._options import Spec


def parsed(args: dict[str, t.Any], spec: Spec) -> dict[str, t.Any]:
    """Return the options of a task, with JSON strings parsed, for example the text of a file.

    Ansible only parses dictionaries. It would split a JSON list at each comma.

    Args:
        args: The options of the task.
        spec: The spec of its module.

    Raises:
        AnsibleActionFail: The string is not JSON.
    """
    data = {option.name for option in spec.options if _is_data(option)}
    return {name: _parsed(name, value) if name in data else value for name, value in args.items()}


def _is_data(option: Option) -> bool:
    return option.takes_json or (option.type, option.elements) == ("list", "dict")


def _parsed(name: str, value: t.Any) -> t.Any:
    if not (isinstance(value, str) and value.lstrip().startswith(("[", "{"))):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise AnsibleActionFail(f"{name} is a string that is not JSON: {error}. Use YAML or JSON.") from None
