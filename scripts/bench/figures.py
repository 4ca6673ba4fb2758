# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures with their goals, the machine on which they were measured, and their presentation."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import statistics
from pathlib import Path
from typing import Any

_LIBRARIES = ("ansible-core", "openai", "falcon", "uvicorn", "httptools", "SQLAlchemy", "pydantic")


@dataclasses.dataclass(frozen=True)
class Goal:
    """The limit for a figure.

    Attributes:
        value: The limit.
        at_least: Whether a larger figure is better.
    """

    value: float
    at_least: bool = False

    def reached(self, figure: float) -> bool:
        """Return whether a figure reaches the goal."""
        return figure >= self.value if self.at_least else figure <= self.value

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {_short(self.value)}"


@dataclasses.dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        name: The name.
        unit: The unit, or empty.
        values: A value for each round.
        goal: The goal for the median, or None if the figure only explains another one.
        before: The figure of version 0.1, or None if it is not known.
    """

    name: str
    unit: str
    values: list[float]
    goal: Goal | None = None
    before: float | None = None

    @property
    def median(self) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool | None:
        """Return whether the median reaches the goal, or None without a goal."""
        return self.goal.reached(self.median) if self.goal else None

    def document(self) -> dict[str, Any]:
        """Return the figure as JSON."""
        goal = {("at_least" if self.goal.at_least else "at_most"): self.goal.value} if self.goal else None
        return {
            "name": self.name,
            "unit": self.unit,
            "values": [round(value, 5) for value in self.values],
            "median": round(self.median, 5),
            "goal": goal,
            "reached": self.reached,
            "before": self.before,
        }


def machine() -> dict[str, Any]:
    """Return a description of the machine and the libraries."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": _cpu(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "load_before": round(os.getloadavg()[0], 2),
    }


def save(file: Path, machine: dict[str, Any], rounds: int, figures: list[Figure]) -> None:
    """Write the figures to a file as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "rounds": rounds, "figures": [figure.document() for figure in figures]}
    file.write_text(json.dumps(document, indent=2) + "\n")


def table(figures: list[dict[str, Any]]) -> str:
    """Return saved figures as a table for a terminal."""
    rows: list[tuple[str, ...]] = [("figure", "median", "goal", "", "values")]
    rows += [
        (each["name"], shown(each["median"], each["unit"]), goal_of(each), verdict(each), _values(each))
        for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        (name.ljust(widths[0]), median.rjust(widths[1]), goal.rjust(widths[2]), verdict.ljust(widths[3]), values)
        for name, median, goal, verdict, values in rows
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def shown(value: float | None, unit: str) -> str:
    """Return a value in human-readable form."""
    return "" if value is None else f"{_short(value)} {unit}".rstrip()


def goal_of(figure: dict[str, Any]) -> str:
    """Return the goal of a saved figure in human-readable form."""
    goal = figure["goal"]
    return str(Goal(next(iter(goal.values())), at_least="at_least" in goal)) if goal else ""


def verdict(figure: dict[str, Any]) -> str:
    """Return whether a saved figure reaches its goal."""
    return {True: "reached", False: "MISSED", None: ""}[figure["reached"]]


def _values(figure: dict[str, Any]) -> str:
    return " ".join(_short(value) for value in figure["values"]) if len(figure["values"]) > 1 else ""


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 0.1 else f"{round(value, 3):g}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
