# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The plots of the report as plain numbers. The template draws them as SVG: horizontal positions are percentages, so
# that plots fit each screen while their text keeps its size.

from __future__ import annotations

import typing as t

from ._run_totals import Total, duration
from ._seen_runs import SeenRun

# The most rows of the timeline. A host has several if its runs overlap.
_ROWS = 300
_ROWS_OF_HOST = 60
_TICKS = 5
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_NARROWEST = 0.6


class Bar(t.NamedTuple):
    """A run in the timeline: position and width in percent, the row of its host, and its status."""

    x: float
    width: float
    row: int
    run: SeenRun


class Lane(t.NamedTuple):
    """The runs of a host, and the number of rows that they need."""

    host: str
    bars: list[Bar]
    rows: int


class Tick(t.NamedTuple):
    """A mark of the time axis: position in percent, and text."""

    x: float
    text: str


class Timeline(t.NamedTuple):
    """The timeline.

    Attributes:
        lanes: The hosts with their runs.
        ticks: The marks of the time axis.
        height: The height of a row in pixels.
        left_out: The number of hosts that are left out.
        began: The start of the axis in seconds since 1970.
    """

    lanes: list[Lane]
    ticks: list[Tick]
    height: int
    left_out: int
    began: float


class Meter(t.NamedTuple):
    """A row of a plot of totals.

    Attributes:
        name: The model or the host.
        total: What its runs used.
        cached: The width of cached input tokens in percent.
        input: The width of the other input tokens.
        output: The width of output tokens.
        cost: The width of the cost.
    """

    name: str
    total: Total
    cached: float
    input: float
    output: float
    cost: float


def timeline(runs: t.Sequence[SeenRun], now: float) -> Timeline:
    """Return the timeline of the runs of a playbook.

    Args:
        runs: The runs, without reused runs.
        now: The end of runs that have not ended.
    """
    began = min((run.began for run in runs), default=now)
    ended = max((run.ended or now for run in runs), default=now)
    span = max(ended - began, 0.1)
    hosts: dict[str, list[SeenRun]] = {}
    for run in runs:
        hosts.setdefault(run.host, []).append(run)
    lanes = [_lane(host, each, began, span, now) for host, each in hosts.items()]
    shown = _most_important(lanes)
    rows = sum(lane.rows for lane in shown)
    height = 16 if rows <= 60 else 10 if rows <= 150 else 6
    return Timeline(shown, _ticks(span), height, len(lanes) - len(shown), began)


def _lane(host: str, runs: list[SeenRun], began: float, span: float, now: float) -> Lane:
    """Place the runs of a host. Those that overlap are in different rows."""
    free: list[float] = []
    bars = []
    for run in sorted(runs, key=lambda each: each.began):
        x = 100 * (run.began - began) / span
        width = max(_NARROWEST, 100 * ((run.ended or now) - run.began) / span)
        x = max(0.0, min(x, 100 - _NARROWEST))
        width = min(width, 100 - x)
        row = next((number for number, end in enumerate(free) if end <= x + 1e-9), len(free))
        if row == _ROWS_OF_HOST:
            row = free.index(min(free))
        elif row == len(free):
            free.append(0.0)
        free[row] = x + width
        bars.append(Bar(round(x, 3), round(width, 3), row, run))
    return Lane(host, bars, len(free))


def _most_important(lanes: list[Lane]) -> list[Lane]:
    """Return as many lanes as fit, in their order. Those with failures come before others."""
    chosen: set[str] = set()
    left = _ROWS
    for lane in sorted(lanes, key=lambda each: not any(one.run.is_bad for one in each.bars)):
        if lane.rows <= left or not chosen:
            chosen.add(lane.host)
            left -= lane.rows
    return [lane for lane in lanes if lane.host in chosen]


def _ticks(span: float) -> list[Tick]:
    step = next((each for each in _STEPS if span / each <= _TICKS), _STEPS[-1])
    count = min(int(span / step), 2 * _TICKS)
    return [Tick(round(100 * number * step / span, 3), _moment(number * step)) for number in range(count + 1)]


def _moment(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 100 else duration(seconds)


def meters(totals: dict[str, Total], most: int, others: str) -> list[Meter]:
    """Return the rows of a plot, the largest first.

    Args:
        totals: The totals by name.
        most: The maximum number of rows. Further totals are added up in one more row.
        others: The name of that row, with the placeholder {}.
    """
    ordered = sorted(totals.items(), key=lambda each: (-each[1].cost, -each[1].tokens, each[0]))
    shown, rest = ordered[:most], ordered[most:]
    if rest:
        sum_ = Total()
        for _name, total in rest:
            sum_.join(total)
        shown.append((others.format(len(rest)), sum_))
    largest = max((total.tokens for _name, total in shown), default=0) or 1
    dearest = max((total.cost for _name, total in shown), default=0) or 1
    return [
        Meter(
            name,
            total,
            _share(total.cached, largest),
            _share(total.input - total.cached, largest),
            _share(total.output, largest),
            _share(total.cost, dearest),
        )
        for name, total in shown
    ]


def _share(part: t.Any, whole: t.Any) -> float:
    return round(float(100 * part / whole), 3)
