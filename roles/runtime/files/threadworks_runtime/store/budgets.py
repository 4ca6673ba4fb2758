# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has been used of budgets, and the reservations of rounds in progress."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, text, update

from ..errors import BudgetExceeded
from ..leases import lapsed
from ..objects import Budget, Document
from ..records import RunRecord
from ..status import RunStatus
from ..usage import money
from ..usage.budget import Amount, Reservation, Verdict, Window, explain, shown_limits, verdict, window_of
from .tables import RUNS, run_budgets, run_reservations

_KEPT = 86400  # seconds after the end of a period
_MOST = 1000  # budgets in one answer
_ROUND = (RunStatus.IN_PROGRESS, RunStatus.CANCELLING)


class Decision(NamedTuple):
    """Whether a round may start.

    Attributes:
        verdict: The decision.
        message: Why it may not, if a budget is used up.
    """

    verdict: Verdict
    message: str = ""


def budgets_of(run: RunRecord) -> Sequence[Budget]:
    """Return the budgets of a run."""
    return run.private.get("terms", {}).get("budgets", ())


def check_budgets(connection: Connection, budgets: Sequence[Budget], run_id: str) -> None:
    """Refuse a new run if one of its budgets is used up.

    Args:
        connection: A transaction.
        budgets: The budgets.
        run_id: The run.

    Raises:
        BudgetExceeded: One is used up.
    """
    for budget in budgets:
        window = window_of(budget, run_id, time.time())
        used = _used(connection, window)
        if verdict(budget, used, ()) == Verdict.EXCEEDED:
            raise BudgetExceeded(
                message=explain(budget, used, window),
                budget=budget["name"],
                per=budget["per"],
                used=shown_limits(used.tokens, used.cost),
                limit=shown_limits(budget["tokens"], budget["cost"]),
                free_at=window.ends_at if window.is_free_again else None,
            )


def look(connection: Connection, run: RunRecord) -> Decision:
    """Return whether a round of a run may start now, without a lock.

    Args:
        connection: A transaction.
        run: The run.
    """
    decisions = []
    for budget in budgets_of(run):
        window = window_of(budget, run.id, time.time())
        others = [other for _run_id, other, is_held in _others(connection, window) if is_held]
        decisions.append(_decide(budget, window, _used(connection, window), others))
    return _worst(decisions)


def reserve(connection: Connection, run: RunRecord, own: Reservation) -> Decision:
    """Reserve what a round can use, if it may start now.

    Args:
        connection: A writing transaction that has locked the run.
        run: The run.
        own: What the round can use.

    Returns:
        The decision. Without `Verdict.START`, nothing is reserved.
    """
    settle(connection, run, None)  # of a runner that has died
    now = time.time()
    # Always in the same order, to avoid deadlocks.
    windows = sorted(
        ((window_of(budget, run.id, now), budget) for budget in budgets_of(run)), key=lambda each: each[0].key
    )
    decisions = []
    for window, budget in windows:
        _open(connection, window, budget)
        _lock(connection, window)
        others = []
        for run_id, other, is_held in _others(connection, window):
            if is_held:
                others.append(other)
            else:
                _charge(connection, window.key, run_id, other.amount)
        decisions.append(_decide(budget, window, _used(connection, window), others))
    decision = _worst(decisions)
    if decision.verdict == Verdict.START:
        amount = {"tokens": own.amount.tokens, "cost": own.amount.cost, "is_alone": own.is_alone}
        rows = [{"budget": key, "run_id": run.id, **amount} for key in dict.fromkeys(each.key for each, _of in windows)]
        connection.execute(run_reservations.insert(), rows)
    return decision


def settle(connection: Connection, run: RunRecord, spent: tuple[int | None, int | None] | None) -> None:
    """Replace the reservations of a round that has ended with what it has used.

    Args:
        connection: A writing transaction that has locked the run.
        run: The run.
        spent: The tokens and the cost. None: nobody knows, so the reservation counts.
    """
    if not budgets_of(run):
        return
    table = run_reservations
    mine = select(table).where(table.c.run_id == run.id).order_by(table.c.budget)
    tokens, cost = spent or (None, None)
    for row in connection.execute(mine).all():
        used = Amount(row.tokens if tokens is None else tokens, row.cost if cost is None else cost)
        _charge(connection, row.budget, run.id, used)


def used_of(connection: Connection, run: RunRecord) -> list[Document]:
    """Return what has been used of the budgets of a run, in the current periods.

    Args:
        connection: A transaction.
        run: The run.

    Returns:
        The budgets as clients get them with the details of the run.
    """
    found = []
    for budget in budgets_of(run):
        window = window_of(budget, run.id, time.time())
        used = _used(connection, window)
        tokens, cost = budget["tokens"], budget["cost"]
        shown_cost = None if cost is None else {"limit": money.shown(cost), "used": money.shown(used.cost)}
        found.append(
            {
                "name": budget["name"],
                "per": budget["per"],
                "tokens": None if tokens is None else {"limit": tokens, "used": used.tokens},
                "cost": shown_cost,
                "resets_at": window.ends_at if window.is_free_again else None,
            }
        )
    return found


def all_budgets(connection: Connection) -> list[Document]:
    """Return what has been used of each budget in the periods that have not ended.

    Args:
        connection: A transaction.

    Returns:
        The periods as clients get them, by name. Those of single runs are omitted.
    """
    table = run_budgets
    statement = select(table).where(table.c.ends_at > time.time(), table.c.per != "run").limit(_MOST)
    return [
        {
            "object": "budget",
            "name": row.name,
            "scope": row.scope,
            "per": row.per,
            "used": shown_limits(row.tokens, row.cost),
            "limit": shown_limits(row.most_tokens, row.most_cost),
            "free_at": None if row.per == "play" else row.ends_at,
            "play": row.key.split("|")[2] if row.per == "play" else None,
        }
        for row in connection.execute(statement.order_by(table.c.name, table.c.key))
    ]


def _decide(budget: Budget, window: Window, used: Amount, others: list[Reservation]) -> Decision:
    decided = verdict(budget, used, others)
    return Decision(decided, explain(budget, used, window) if decided == Verdict.EXCEEDED else "")


def _worst(decisions: list[Decision]) -> Decision:
    for wanted in (Verdict.EXCEEDED, Verdict.WAIT):
        for decision in decisions:
            if decision.verdict == wanted:
                return decision
    return Decision(Verdict.START)


def _used(connection: Connection, window: Window) -> Amount:
    table = run_budgets
    row = connection.execute(select(table.c.tokens, table.c.cost).where(table.c.key == window.key)).one_or_none()
    return Amount() if row is None else Amount(row.tokens, row.cost)


def _others(connection: Connection, window: Window) -> list[tuple[str, Reservation, bool]]:
    """Return the reservations in a period: the run, the reservation, and whether its round is in progress."""
    table, runs = run_reservations, RUNS.table
    statement = select(table, runs.c.status, lapsed(runs).label("is_lapsed"))
    statement = statement.select_from(table.outerjoin(runs, runs.c.id == table.c.run_id))
    found = connection.execute(statement.where(table.c.budget == window.key).order_by(table.c.run_id)).all()
    return [
        (
            row.run_id,
            Reservation(Amount(row.tokens, row.cost), row.is_alone),
            row.status in _ROUND and not row.is_lapsed,
        )
        for row in found
    ]


def _open(connection: Connection, window: Window, budget: Budget) -> None:
    values = {
        "key": window.key,
        "name": budget["name"],
        "scope": budget["scope"],
        "per": budget["per"],
        "tokens": 0,
        "cost": 0,
        "most_tokens": budget["tokens"],
        "most_cost": budget["cost"],
        "ends_at": window.ends_at,
    }
    names = ", ".join(values)
    parameters = ", ".join(f":{name}" for name in values)
    # Both databases know this statement. SQLAlchemy has it in the dialects only.
    opened = connection.execute(
        text(f"INSERT INTO run_budgets ({names}) VALUES ({parameters}) ON CONFLICT DO NOTHING"),  # noqa: S608, from above
        values,
    )
    table = run_budgets
    if opened.rowcount:
        connection.execute(delete(table).where(table.c.ends_at < time.time() - _KEPT))
    else:
        limits = {"most_tokens": budget["tokens"], "most_cost": budget["cost"]}
        connection.execute(update(table).where(table.c.key == window.key).values(limits))


def _lock(connection: Connection, window: Window) -> None:
    connection.execute(select(run_budgets.c.key).where(run_budgets.c.key == window.key).with_for_update())


def _charge(connection: Connection, key: str, run_id: str, amount: Amount) -> None:
    table, mine = run_budgets, run_reservations.c
    used = {"tokens": table.c.tokens + amount.tokens, "cost": table.c.cost + amount.cost}
    connection.execute(update(table).where(table.c.key == key).values(used))
    connection.execute(delete(run_reservations).where(mine.budget == key, mine.run_id == run_id))
