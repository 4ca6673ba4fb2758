# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleActionFail

from ..module_utils._argspec import ArgSpec

# Options that take a word, or data.
_WORD_OR_DATA = ("response_format", "tool_choice")


def parsed(args: dict[str, t.Any], spec: ArgSpec) -> dict[str, t.Any]:
    """Return the options of a task, with JSON parsed where it was given as a string: the text of a file, for example.

    Ansible does so for dictionaries; a list in JSON it would cut at each comma.

    Args:
        args: the options as the task gives them.
        spec: the spec of its module.

    Raises: AnsibleActionFail where the string is not JSON.
    """
    return {name: _parsed(name, value, spec.argument_spec.get(name, {})) for name, value in args.items()}


def _parsed(name: str, value: t.Any, option: dict[str, t.Any]) -> t.Any:
    is_data = (option.get("type"), option.get("elements")) == ("list", "dict") or name in _WORD_OR_DATA
    if not (is_data and isinstance(value, str) and value.lstrip().startswith(("[", "{"))):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise AnsibleActionFail(f"{name} is a string that is not JSON: {error}. Give it as YAML or JSON.") from None
