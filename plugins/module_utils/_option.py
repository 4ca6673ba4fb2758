# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# One entry of the table of options. A file of its own, because a lookup needs no more of the table than this and the
# options that it has.

from __future__ import annotations

import math
import typing as t

from ._errors import TaskError

# Checks a value. Gets the option as a message names it, such as `thread.metadata`, and the value. Returns what takes
# the place of the value, or None. Raises: TaskError.
Check = t.Callable[[str, t.Any], t.Any]

# A server without keys is often given some word in place of one: "none", "sk". To hide that would garble ids and texts.
_SHORTEST_SECRET = 8


class Option:
    """One option of modules and lookups. Its documentation is the comment above it, of lines that start with `#:`.

    Attributes:
        name: The name of the option.
        type: Its type, as in an argument spec.
        modules: The modules that have it, and the role that has it as an input.
        lookups: The lookups that have it.
        wire: The field of the request that carries it; empty where none does.
        default: The value of an option that is not set.
        choices: The values that it can have.
        required: Whether it must be set.
        elements: The type of the items of a list.
        options: The options inside a dictionary, or inside each dictionary of a list.
        required_if: A rule about the options inside, as in an argument spec.
        no_log: Whether the value is a secret; False where only the name looks like one.
        env: The environment variables that it can be set with.
        check: Checks what an argument spec cannot say: ranges, lengths and shapes.
        is_identity: Whether another value makes another run: what does not change the answer does not.
        takes_json: Whether a value that is not a word can be JSON in a string. Lists of dictionaries always can.
        version_added: The release that has it first, where that is not the module's first one.
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
    takes_json: bool = False
    version_added: str = ""

    def __init__(self, name: str, type: str, modules: tuple[str, ...] = (), **columns: t.Any) -> None:
        # A named tuple or a dataclass takes longer to define than a lookup takes to read its whole table.
        vars(self).update(columns, name=name, type=type, modules=modules)


def between(low: float, high: float = math.inf) -> Check:
    """Return the check of a number that has a lowest and a highest value."""
    allowed = f"at least {low}" if high == math.inf else f"between {low} and {high}"

    def check(option: str, value: float) -> None:
        # Also where it is not a number at all: YAML has `.nan`.
        if not low <= value <= high:
            raise TaskError(f"{option} is {value:g}, but must be {allowed}.")

    return check


def secrets(values: t.Iterable[str]) -> set[str]:
    """Return those of the values of `no_log` options that are hidden: the runtime has the same rule."""
    return {value for value in values if len(value) >= _SHORTEST_SECRET}
