# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The totals of a playbook. They are kept current with each result, because Ansible shows custom stats before it calls
# this collection's callback at the end.

from __future__ import annotations

import decimal
import typing as t
from collections import Counter

from ._seen_runs import PREDICTED, Json, SeenRun

_LISTED = 100


class Total:
    """What a group of runs used. Runs that were reused are not included, because they cost nothing now."""

    def __init__(self) -> None:
        self.runs = 0
        self.input = self.output = self.cached = self.reasoning = 0
        self.cost = decimal.Decimal(0)
        self.priced = self.unpriced = 0
        self.seconds = 0.0

    def add(self, run: SeenRun, sign: int = 1) -> None:
        """Add a run, or remove it with the sign -1."""
        usage = run.usage
        self.runs += sign
        self.input += sign * (usage.input or 0)
        self.output += sign * (usage.output or 0)
        self.cached += sign * (usage.cached or 0)
        self.reasoning += sign * (usage.reasoning or 0)
        self.seconds += sign * (run.seconds or 0)
        if usage.cost is not None:
            self.cost += sign * usage.cost
            self.priced += sign
        elif usage.tokens:
            self.unpriced += sign

    def join(self, other: Total) -> None:
        """Add another total."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.input + self.output

    def to_json(self) -> Json:
        """Return the total as plain data."""
        amount = str(self.cost) if self.priced else None
        return {
            "runs": self.runs,
            "input_tokens": self.input,
            "cached_tokens": self.cached,
            "output_tokens": self.output,
            "reasoning_tokens": self.reasoning,
            "cost": {"amount": amount, "unknown_runs": self.unpriced},
        }


class Totals:
    """The totals of all runs, by model and by host.

    Attributes:
        stats: The totals as plain data, for custom stats.
        statuses: The number of runs by status, without reused runs.
        reused: The number of runs that were reused.
        predicted: The number of runs that check mode predicts.
    """

    def __init__(self) -> None:
        self.all = Total()
        self.models: dict[str, Total] = {}
        self.hosts: dict[str, Total] = {}
        self.statuses: Counter[str] = Counter()
        self.reused = self.predicted = 0
        self.prices_from = ""
        self.stats: Json = {}
        self._failed: dict[str, Json] = {}
        self._refresh()

    def change(self, before: SeenRun | None, after: SeenRun) -> None:
        """Replace a run by its new state."""
        if before:
            self._count(before, -1)
        self._count(after, 1)
        self.prices_from = max(self.prices_from, after.usage.prices_from)
        if after.is_ours and after.is_bad:
            self._failed[after.id] = {
                "run_id": after.id,
                "thread_id": after.thread_id,
                "host": after.host,
                "task": after.task,
                "status": after.status,
            }
        else:
            self._failed.pop(after.id, None)
        self._refresh()

    def _count(self, run: SeenRun, sign: int) -> None:
        if run.status == PREDICTED:
            self.predicted += sign
        elif not run.is_ours:
            self.reused += sign
        else:
            self.statuses[run.status] += sign
            models = self.models.setdefault(run.model, Total())
            for total in (self.all, models, self.hosts.setdefault(run.host, Total())):
                total.add(run, sign)
            if not models.runs:
                del self.models[run.model]

    def _refresh(self) -> None:
        self.stats.update(
            **self.all.to_json(),
            reused_runs=self.reused,
            statuses={status: count for status, count in self.statuses.items() if count},
            failed_runs=list(self._failed.values())[:_LISTED],
        )
        self.stats["cost"]["prices_from"] = self.prices_from or None
        self.stats["models"] = {name: total.to_json() for name, total in self.models.items()}


def dollars(total: Total) -> str:
    """Return the cost of a total as text. It is a lower bound if the price of some runs is unknown."""
    if not total.priced:
        return "unknown" if total.unpriced else "-"
    return f"{'> ' if total.unpriced else ''}{amount(total.cost)}"


def amount(cost: decimal.Decimal | None) -> str:
    """Return a cost as text, with at least two significant digits."""
    if cost is None:
        return "unknown"
    digits = 2 if cost == 0 or cost >= 1 else min(8, max(2, 1 - cost.adjusted()))
    return f"${cost:,.{digits}f}"


def count(number: int | None) -> str:
    """Return a number as text."""
    return "-" if number is None else f"{number:,}"


def duration(seconds: float | None) -> str:
    """Return a duration as text, in seconds, or in minutes and hours if it is long."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def listed(values: t.Sequence[str], most: int) -> str:
    """Return names as text, or the first of them if there are many."""
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(values[:most]) + more
