# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs have used: additions of the runtime."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from falcon.asgi import Request, Response

from ..objects import Document
from ..records import RunRecord
from ..store import rows
from ..store.budgets import all_budgets, budgets_of, used_of
from ..store.tables import RUNS
from ..store.usage import COUNTS, Sums, UsageQuery, sum_usage
from ..text import shorten
from ..usage.details import shown_details
from ..usage.money import shown
from ..wire import read_number
from ..wire_errors import ApiError, invalid
from .active import current_run
from .context import Context, Resource

_GROUP_BY = "group_by[]"
_GROUPS = ("day", "model", "service_tier", "assistant_id", "status")
_PAIR = re.compile(r"metadata\[([^\0]+)\]")
_LATEST = 10**11  # Unix seconds
_NUMBERS = {"created_after": (_LATEST, 0), "created_before": (_LATEST, 0), "limit": (1000, 1)}


class UsageResource(Resource):
    """Serves ``/usage``."""

    needs_beta = False

    async def on_get(self, req: Request, resp: Response) -> None:
        """Return the sums of what runs have used, by groups."""
        query, names = _read_query(req)
        found, more = await self._store.read(lambda connection: sum_usage(connection, query))
        data = [_shown_group(group, dict(zip(names, query.group_by, strict=True))) for group in found]
        resp.media = {"object": "list", "data": data, "has_more": more}


class BudgetsResource(Resource):
    """Serves ``/budgets``."""

    needs_beta = False

    async def on_get(self, req: Request, resp: Response) -> None:
        """Return what has been used of the budgets."""
        resp.media = {"object": "list", "data": await self._store.read(all_budgets), "has_more": False}


class ThreadRunDetailsResource(Resource):
    """Serves ``/threads/{thread_id}/runs/{run_id}/details``."""

    needs_beta = False

    async def on_get(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """Return what a run has used."""
        await _answer(self._context, resp, await current_run(self._context, thread_id, run_id))


class RunDetailsResource(Resource):
    """Serves ``/runs/{run_id}/details``."""

    needs_beta = False

    async def on_get(self, req: Request, resp: Response, run_id: str) -> None:
        """Return what a run has used."""
        run = await self._store.get(lambda connection: rows.find(connection, RUNS, run_id))
        await _answer(self._context, resp, await current_run(self._context, run.thread_id, run_id))


async def details_with_budgets(context: Context, run: RunRecord) -> Document:
    """Return the details of a run, with what has been used of its budgets if it has any.

    Args:
        context: The parts of the application.
        run: The run.
    """
    details = shown_details(run)
    if budgets_of(run):
        details["budgets"] = await context.store.read(lambda connection: used_of(connection, run))
    return details


async def _answer(context: Context, resp: Response, run: RunRecord) -> None:
    details = await details_with_budgets(context, run)
    resp.media = {"id": run.id, "object": "thread.run.details", "thread_id": run.thread_id, **details}


def _read_query(req: Request) -> tuple[UsageQuery, list[str]]:
    """Read the query, and the names of its groups as the request has them."""
    unknown = req.params.keys() - {_GROUP_BY, *_NUMBERS}
    if unknown:
        name = shorten(min(unknown))
        raise ApiError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    asked = req.params.get(_GROUP_BY, [])
    names = [asked] if isinstance(asked, str) else [*asked]
    pairs = [pair[1] for name in names if (pair := _PAIR.fullmatch(name))]
    for name in names:
        if name not in _GROUPS and not _PAIR.fullmatch(name):
            known = ", ".join(map(repr, _GROUPS))
            raise invalid(_GROUP_BY, f"'{shorten(name)}' is not one of {known}, 'metadata[KEY]'.")
    if len(set(names)) < len(names) or len(pairs) > 1:
        raise invalid(_GROUP_BY, "a group is given twice, or there is more than one metadata key.")
    numbers: dict[str, Any] = {
        name: read_number(req, name, *limits) for name, limits in _NUMBERS.items() if name in req.params
    }
    group_by = tuple(name if name in _GROUPS else "metadata" for name in names)
    return UsageQuery(group_by, "".join(pairs), **numbers), names


def _shown_group(group: Sums, columns: dict[str, str]) -> Document:
    values = {name: group[column] for name, column in columns.items()}
    if "day" in values:
        values["day"] = datetime.fromtimestamp(values["day"], timezone.utc).date().isoformat()
    cost = None
    if group["cost"] is not None:
        cost = {"amount": shown(group["cost"]), "prices_from": group["prices_from"]}
    # PostgreSQL returns sums of integers as decimal numbers.
    sums = {name: None if group[name] is None else int(group[name]) for name in COUNTS}
    return {
        "object": "usage",
        "group": values,
        "runs": group["runs"],
        **sums,
        "seconds": None if group["seconds"] is None else round(group["seconds"], 3),
        "runs_without_tokens": group["runs"] - group["with_tokens"],
        "runs_without_cost": group["runs"] - group["with_cost"],
        "cost": cost,
    }
