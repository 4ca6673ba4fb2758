# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the tests: none is lost, and the processes begin with the longest."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.threadworks.openai.tests import order

_TESTS = Path(order.__file__).parent


def test_the_longest_files_exist() -> None:
    existing = {path.name for folder in order._PLAYBOOKS for path in (_TESTS / folder).glob("test_*.py")}
    assert set(order._LONGEST) <= existing


@pytest.mark.parametrize("processes", [1, 3, 5])
def test_each_process_gets_an_equal_part_that_begins_with_long_tests(processes: int) -> None:
    paths = [_TESTS / "unit" / f"test_{number}.py" for number in range(20)]
    paths += [_TESTS / "integration" / name for name in order._LONGEST]
    items = [cast(Any, SimpleNamespace(path=path, number=number)) for path in paths for number in range(3)]
    dealt = order.dealt(items, processes)
    assert sorted(map(id, dealt)) == sorted(map(id, items))
    lengths = [(len(items) + number) // processes for number in range(processes)]
    starts = itertools.accumulate(lengths[:-1], initial=0)
    assert {order._rank(dealt[start].path) for start in starts} == set(range(processes))
