# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the order of the tests so that no process of pytest-xdist works alone at the end.

`--dist worksteal` gives each process one of as many equal parts of the list. A process that has finished its part takes
over the end of another one's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

_PLAYBOOKS = ("integration", "local")
# The files of playbooks that take longest, in about this order.
_LONGEST = [
    f"test_{name}.py"
    for name in (
        *("faults", "secrets", "role_runtime", "tool_safety", "playbooks", "tool_confirm", "guides", "runs_callback"),
        *("example_offline", "tools", "many_runs", "example", "modules", "waiting", "local_model", "tutorial"),
        *("check_mode", "examples", "tool_sharing", "role_run", "lookups", "bare_collection", "paths", "report"),
    )
]


def dealt(items: Iterable[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return the tests in the order in which they are given to processes.

    Each process begins with its share of the files with playbooks, the longest ones first, and ends with tests that
    take milliseconds. The tests of a file stay together, because they may share fixtures.

    Args:
        items: The tests in the order of their files.
        processes: The number of processes.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    parts: list[list[pytest.Item]] = [[] for _number in range(processes)]
    turns = [*range(processes), *reversed(range(processes))]
    for number, path in enumerate(sorted(files, key=_rank)):
        part = parts[turns[number % len(turns)]] if path.parent.name in _PLAYBOOKS else min(parts, key=len)
        part += files[path]
    # Of equal length, or the last tests of one part would be the first ones of the next part, which are long.
    lengths = [(sum(map(len, parts)) + number) // processes for number in range(processes)]
    rest = [item for part, length in zip(parts, lengths, strict=True) for item in part[length:]]
    for part, length in zip(parts, lengths, strict=True):
        part[length:] = [rest.pop() for _missing in range(length - len(part))]
    return [item for part in parts for item in part]


def _rank(path: Path) -> int:
    """Return a number that is lower for files that should begin earlier."""
    if path.parent.name not in _PLAYBOOKS:
        return len(_LONGEST) + 1
    return _LONGEST.index(path.name) if path.name in _LONGEST else len(_LONGEST)
