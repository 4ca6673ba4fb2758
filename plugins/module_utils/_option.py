# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# An entry in the table of options. In a separate file, because lookups only need this and their own options.

from __future__ import annotations

import json
import math
import typing as t

from ._errors import TaskError

# Checks a value. The arguments are the name of the option for messages, such as `thread.metadata`, and the value.
# Returns a replacement for the value, or None. Raises TaskError.
Check = t.Callable[[str, t.Any], t.Any]

# Servers without keys are often used with a placeholder such as "none" or "sk". Hiding it would garble ids and texts.
_SHORTEST_SECRET = 8


class Option:
    """One option of modules and lookups. Its documentation is the comment above it, of lines that start with `#:`.

    Attributes:
        name: The name of the option.
        type: Its type, as in an argument spec.
        modules: The modules that have it, and the role that has it as an input.
        lookups: The lookups that have it.
        wire: The field of the request, or empty if there is none.
        default: The default value.
        choices: The allowed values.
        required: Whether it must be set.
        elements: The type of the items of a list.
        options: The options inside a dictionary, or inside each dictionary of a list.
        required_if: A rule about the options inside, as in an argument spec.
        no_log: Whether the value is a secret; False if only the name looks like one.
        env: The environment variables that it can be set with.
        check: Checks ranges, lengths and formats.
        is_identity: Whether a different value leads to a new run.
        is_from_model: Whether the model has chosen the value, which can then contain halves of surrogate pairs.
        takes_json: Whether a dictionary or list can be set as a JSON string. Lists of dictionaries always can.
        version_added: The first release with this option, if it is not the first release of the module.
    """

    name: str
    type: str
    modules: tuple[str, ...]
    lookups: tuple[str, ...] = ()
    wire: str = ""
    default: t.Any = None
    choices: tuple[str, ...] = ()
    required: bool = False
    elements: str = ""
    options: tuple[Option, ...] = ()
    required_if: tuple[tuple[t.Any, ...], ...] = ()
    no_log: bool | None = None
    env: tuple[str, ...] = ()
    check: Check | None = None
    is_identity: bool = True
    is_from_model: bool = False
    takes_json: bool = False
    version_added: str = ""

    def __init__(self, name: str, type: str, modules: tuple[str, ...] = (), **columns: t.Any) -> None:
        # Not a named tuple or a dataclass, which take longer to define than a lookup takes to read its whole table.
        vars(self).update(columns, name=name, type=type, modules=modules)

    def checked(self, where: str, value: t.Any) -> t.Any:
        """Return a value that is set, or its replacement. `where` is the name of the option for messages."""
        replacement = self.check(where, value) if self.check else None
        result = value if replacement is None else replacement
        # The options inside are checked on their own. The name of a file can have any bytes.
        if not (self.options or self.is_from_model or self.type == "path"):
            _check_encoding(where, result)
        return result


def _check_encoding(option: str, value: t.Any) -> None:
    """Check that all texts in a value are Unicode. Ansible has half a surrogate pair for each other byte of a file."""
    if isinstance(value, str) and value.isascii():
        return
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise TaskError(
            f"{option} contains bytes that are not UTF-8, such as the content of a binary file. Set it to text."
        ) from None


def between(low: float, high: float = math.inf) -> Check:
    """Return a check for a range of numbers."""
    allowed = f"at least {low}" if high == math.inf else f"between {low} and {high}"

    def check(option: str, value: float) -> None:
        # This also refuses `.nan`.
        if not low <= value <= high:
            raise TaskError(f"{option} is {value:g}, but must be {allowed}.")

    return check


def secrets(values: t.Iterable[str]) -> set[str]:
    """Return the values of `no_log` options that must be hidden. The runtime has the same rule."""
    return {value for value in values if len(value) >= _SHORTEST_SECRET}
