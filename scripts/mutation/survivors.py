# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mutants that no test notices: those that explained.yml explains, and the others."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

EXPLAINED = Path(__file__).with_name("explained.yml")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A mutant.

    Attributes:
        job: Its id in the session.
        module: The path of its module.
        row: The number of the line in the module.
        operator: The mutation.
        diff: The change, as a unified diff.
        is_alive: Whether no test has noticed it.
    """

    job: str
    module: str
    row: int
    operator: str
    diff: str
    is_alive: bool

    @property
    def change(self) -> tuple[str, str, str]:
        """The module, the changed line, and the line that replaces it. Unlike the row, they last."""
        return self.module, self._lines("-"), self._lines("+")

    def _lines(self, sign: str) -> str:
        lines = (line[1:].strip() for line in self.diff.splitlines() if line.startswith(sign))
        return " ".join(line for line in lines if line and not line.startswith(f"{sign}{sign} "))


def read(sessions: Iterable[Path]) -> list[Mutant]:
    """Return the mutants that were tested in sessions of Cosmic Ray."""
    found: list[Mutant] = []
    for session in sessions:
        with contextlib.closing(sqlite3.connect(session)) as connection:
            found += [Mutant(*row) for row in connection.execute(_TESTED)]
    return found


def forget(session: Path) -> None:
    """Remove the results of the unexplained survivors, so that Cosmic Ray tests these mutants again."""
    reasons = explained()
    jobs = [(each.job,) for each in read([session]) if each.is_alive and each.change not in reasons]
    with contextlib.closing(sqlite3.connect(session)) as connection, connection as transaction:
        transaction.executemany("DELETE FROM work_results WHERE job_id = ?", jobs)


def explained() -> dict[tuple[str, str, str], str]:
    """Return the reasons for survivors, by their changes."""
    entries = yaml.safe_load(EXPLAINED.read_text())
    return {
        (module, entry["line"], new): entry["reason"]
        for module, listed in entries.items()
        for entry in listed
        for new in _listed(entry["becomes"])
    }


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def report(mutants: Sequence[Mutant], tree: Path, path: Path) -> str:
    """Write the unexplained survivors to a file, and return a table of the modules.

    Args:
        mutants: The tested mutants.
        tree: The copy of the checkout.
        path: The file to write.
    """
    reasons = explained()
    alive = [mutant for mutant in mutants if mutant.is_alive]
    unexplained = [mutant for mutant in alive if mutant.change not in reasons]
    path.write_text("\n\n".join(f"{each.operator} {each.module}:{each.row}\n{each.diff}" for each in unexplained))
    counts = [Counter(each.module for each in some) for some in (mutants, alive, unexplained)]
    rows = [(module, [count[module] for count in counts]) for module in sorted(counts[0])]
    rows.append(("total", [count.total() for count in counts]))
    table = [
        f"{module:70} {every:5} {every - survived:5} {survived - left:9} {left:5}"
        for module, (every, survived, left) in rows
    ]
    head = f"{'module':70} {'all':>5} {'found':>5} {'explained':>9} {'open':>5}"
    return "\n".join([head, *table, str(path), *_outdated(reasons, mutants, tree)])


def _outdated(reasons: Iterable[tuple[str, str, str]], mutants: Sequence[Mutant], tree: Path) -> list[str]:
    """Return a line for each explanation that is not needed, because its line has changed or its mutant is found."""
    found = {mutant.change for mutant in mutants} - {mutant.change for mutant in mutants if mutant.is_alive}
    texts: dict[str, set[str]] = {}
    lines = []
    for change in reasons:
        module, line, becomes = change
        if module not in texts:
            texts[module] = {each.strip() for each in (tree / module).read_text().splitlines()}
        if change in found or line not in texts[module]:
            lines.append(f"Not needed in {EXPLAINED.name}: {module}: {line} -> {becomes}")
    return lines


_TESTED = """
    SELECT job_id, module_path, start_pos_row, operator_name, diff, test_outcome = 'SURVIVED'
    FROM work_results JOIN mutation_specs USING (job_id)
    WHERE worker_outcome = 'NORMAL' ORDER BY module_path, start_pos_row
"""
