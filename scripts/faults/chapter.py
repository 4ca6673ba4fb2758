# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of a chapter, and their requirements."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of a chapter.

    Attributes:
        folder: An empty directory for all its files.
        short: Whether to run the short form, which takes some seconds.
        seed: The seed of all random choices.
    """

    folder: Path
    short: bool
    seed: int

    def chance(self) -> random.Random:
        """Return a new source of randomness, which starts at the seed."""
        return random.Random(self.seed)


@dataclasses.dataclass(frozen=True)
class Count:
    """A figure. `asked` is its requirement as text, or empty if it is informational."""

    what: str
    value: int
    asked: str
    reached: bool


class Chapter:
    """The figures of a chapter, and descriptions of all failures.

    Attributes:
        counts: The figures so far.
        details: A description of each failure.
        skipped: The reasons why this machine cannot run parts of the chapter.
    """

    def __init__(self) -> None:
        self.counts: list[Count] = []
        self.details: list[str] = []
        self.skipped: list[str] = []

    def inform(self, what: str, value: int) -> None:
        """Add an informational figure."""
        self.counts.append(Count(what, value, "", True))

    def none(self, what: str, wrong: list[str]) -> None:
        """Add a figure that must be 0: the number of failures, with their descriptions."""
        self.counts.append(Count(what, len(wrong), "0", not wrong))
        self.details += [f"{what}: {each}" for each in wrong]

    def at_least(self, what: str, value: int, bound: int) -> None:
        """Add a figure with a lower bound."""
        self.counts.append(Count(what, value, f">= {bound}", value >= bound))

    def at_most(self, what: str, value: int, bound: int) -> None:
        """Add a figure with an upper bound."""
        self.counts.append(Count(what, value, f"<= {bound}", value <= bound))

    @property
    def passed(self) -> bool:
        """Return whether all figures meet their requirements."""
        return all(count.reached for count in self.counts)


def table(chapters: dict[str, Chapter]) -> str:
    """Return the figures of all chapters as a table for a terminal."""
    rows = [("chapter", "figure", "", "asked", "")]
    for name, chapter in chapters.items():
        for count in chapter.counts:
            verdict = "" if not count.asked else "ok" if count.reached else "WRONG"
            rows.append((name, count.what, str(count.value), count.asked, verdict))
        rows += [(name, f"skipped: {why}", "", "", "") for why in chapter.skipped]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{widths[2]}}  {d:{widths[3]}}  {e}".rstrip() for a, b, c, d, e in rows
    )
