# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in the text format of Prometheus, an addition of the runtime."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any

from falcon.asgi import Request, Response
from sqlalchemy import Connection

from ..objects import Document
from ..store.budgets import all_budgets
from ..store.usage import Sums, UsageQuery, sum_usage
from ..usage.money import shown
from .context import Context, Resource

_KEPT = 15.0  # seconds
_MOST = 1000  # models with statuses
_TOKENS = ("input", "cached", "output", "reasoning")
_Sample = tuple[dict[str, str], object]


class MetricsResource(Resource):
    """Serves ``/metrics``."""

    needs_beta = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._stored = ""
        self._read_at = -_KEPT
        self._lock = asyncio.Lock()

    async def on_get(self, req: Request, resp: Response) -> None:
        """Return what runs have used, and the runs of this process."""
        async with self._lock:
            if time.monotonic() - self._read_at >= _KEPT:
                self._stored = "".join(await self._store.read(_of_store))
                self._read_at = time.monotonic()
        pool = self._context.executor
        now = [
            *_metric("runs_active", "gauge", "Runs that this process executes.", [({}, pool.running())]),
            *_metric("runs_queued", "gauge", "Queued runs of this process.", [({}, pool.queued())]),
        ]
        resp.content_type = "text/plain; version=0.0.4; charset=utf-8"
        resp.text = self._stored + "".join(now)


def _of_store(connection: Connection) -> list[str]:
    groups, more_groups = sum_usage(connection, UsageQuery(("model", "status"), limit=_MOST))
    models, more_models = sum_usage(connection, UsageQuery(("model",), limit=_MOST))
    is_cut = int(more_groups or more_models)
    tokens = [
        ({"model": _model(row), "kind": kind}, int(row[f"{kind}_tokens"] or 0)) for row in models for kind in _TOKENS
    ]
    statuses = [({"model": _model(row), "status": row["status"]}, row["runs"]) for row in groups]
    costs = [({"model": _model(row)}, shown(row["cost"])) for row in models if row["cost"] is not None]
    seconds = [({"model": _model(row)}, round(row["seconds"] or 0.0, 3)) for row in models]
    budgets = [each for each in all_budgets(connection) if each["scope"] == "server"]
    return [
        *_metric("runs_total", "counter", "Runs that have ended.", statuses),
        *_metric("tokens_total", "counter", "Tokens of the runs that have ended.", tokens),
        *_metric("cost_dollars_total", "counter", "Known cost of the runs that have ended, in US dollars.", costs),
        *_metric("run_seconds_total", "counter", "Duration of the runs that have ended.", seconds),
        *_metric("models_omitted", "gauge", f"1 if only {_MOST} models or statuses are shown.", [({}, is_cut)]),
        *_metric("budget_tokens", "gauge", "Tokens of budgets.", _limits(budgets, "tokens")),
        *_metric("budget_cost_dollars", "gauge", "Cost of budgets in US dollars.", _limits(budgets, "cost")),
    ]


def _limits(budgets: list[Document], unit: str) -> Iterator[_Sample]:
    for budget in budgets:
        for kind in ("used", "limit"):
            if unit in budget["limit"]:
                labels = {"budget": budget["name"], "per": budget["per"], "kind": kind}
                yield labels, budget[kind][unit]


def _model(row: Sums) -> str:
    return row["model"] or ""


def _metric(name: str, kind: str, help: str, samples: Iterable[_Sample]) -> Iterator[str]:
    name = f"threadworks_{name}"
    yield f"# HELP {name} {help}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{pairs}}} {value}\n" if pairs else f"{name} {value}\n"


def _escaped(text: Any) -> str:
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
