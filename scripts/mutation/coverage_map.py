# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tests execute which lines, and how long they take."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest


class Recorder:
    """A plugin of pytest that writes which test executes which lines of the modules.

    Args:
        modules: The modules.
        path: The file to write.
    """

    def __init__(self, modules: list[str], path: Path) -> None:
        self._path = path
        self._seconds: dict[str, float] = defaultdict(float)
        self._failed: set[str] = set()
        self._coverage = coverage.Coverage(data_file=None, include=modules, config_file=False)

    def __enter__(self) -> Recorder:
        self._coverage.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
        recorded = {"seconds": self._seconds, "failed": sorted(self._failed), "lines": lines}
        self._path.write_text(json.dumps(recorded))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed.add(report.nodeid)


@dataclasses.dataclass(frozen=True)
class Module:
    """A module: its text, and when it was last changed, as for `os.utime`."""

    path: Path
    text: str
    times: tuple[int, int]


class CoverageMap:
    """Selects the tests of a mutant.

    Attributes:
        failed: The tests that fail without a mutation. They are not selected.

    Args:
        path: The file of the recorder.
        most: The maximum number of tests.
        longest: The maximum sum of their durations, in seconds.
    """

    def __init__(self, path: Path, most: int, longest: float) -> None:
        recorded = json.loads(path.read_text())
        self.failed: list[str] = recorded["failed"]
        self._seconds: dict[str, float] = recorded["seconds"]
        self._lines: dict[str, dict[str, list[str]]] = recorded["lines"]
        self._most, self._longest = most, longest

    def tests(self, mutant: Module) -> dict[str, float]:
        """Return tests that execute the changed line, the shortest first, with their durations in seconds."""
        executed = self._lines.get(str(mutant.path), {})
        found: set[str] = set()
        for line in _changed(mutant.text, mutant.path.read_text()):
            found |= set(executed.get(str(line), ()))
        if "" in found or not found:  # executed when the module is imported
            found = {test for each in executed.values() for test in each}
        found -= {"", *self.failed}
        chosen: dict[str, float] = {}
        left = self._longest
        for test in sorted(found, key=lambda test: self._priority(test, mutant.path)):
            if len(chosen) < self._most and self._seconds[test] <= left:
                chosen[test] = self._seconds[test]
                left -= self._seconds[test]
        return dict(sorted(chosen.items(), key=lambda each: each[1]))

    def _priority(self, test: str, module: Path) -> tuple[float, bytes]:
        """Return the order in which tests are chosen: the shortest ones of the module, then any others."""
        topic = Path(test.partition("::")[0]).stem.removeprefix("test_").removesuffix("_table")
        name = module.stem.lstrip("_")
        is_of_module = name in topic or topic in name
        # Tests of the same file are similar to each other.
        return self._seconds[test] if is_of_module else float("inf"), hashlib.sha256(test.encode()).digest()


def _changed(before: str, after: str) -> Iterator[int]:
    """Yield the numbers of the changed lines, and those of the other lines of the same statements."""
    old, new = before.split("\n"), after.split("\n")
    statements = [_lines_of(node) for node in ast.walk(ast.parse(before)) if isinstance(node, ast.stmt)]
    for kind, first, last, _new_first, _new_last in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        for line in range(first + 1, max(last, first + 1) + 1) if kind != "equal" else ():
            yield line
            around = [lines for lines in statements if line in lines]
            yield from min(around, key=len, default=range(0))


def _lines_of(node: ast.stmt) -> range:
    """Return the lines of a statement. Of a compound one, those before its body."""
    body = getattr(node, "body", None)
    end = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    return range(node.lineno, end + 1)
