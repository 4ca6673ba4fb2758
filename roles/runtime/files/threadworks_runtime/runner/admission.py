# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a round start when the budgets of its run allow it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from sqlalchemy import Connection

from ..lifecycle import WireEvent
from ..model import ModelError
from ..model.types import Json, ResponseRequest
from ..model.usage import Reported
from ..objects import Budget
from ..records import RunRecord
from ..store import Store, budgets
from ..usage.budget import Amount, BudgetReached, Reservation, Verdict
from ..usage.money import LARGEST
from ..usage.prices import Pricing
from .ledger import Ledger

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5  # seconds between two looks at the budgets
# Tokens of an answer without a limit. The round runs alone, and reserves them for the case that it is cut off.
_ESTIMATED_ANSWER = 4096
_PARTS_WITHOUT_LIMIT = ("input_image", "input_file")


class Admission:
    """Decides when the rounds of one run may start.

    Args:
        store: The store.
        ledger: The ledger of the run.
        pricing: The prices of the run.
    """

    def __init__(self, store: Store, ledger: Ledger, pricing: Pricing) -> None:
        self._store, self._ledger, self._pricing = store, ledger, pricing

    async def wait(self, run: RunRecord, body: ResponseRequest) -> None:
        """Reserve what the next round can use. If other rounds may use up a budget, wait for them.

        Args:
            run: The run.
            body: The request to the model server.

        Raises:
            BudgetReached: A budget is used up.
            ModelError: A budget limits the cost, but the price of the model is unknown.
            Stopped: The run no longer belongs to this runner.
        """
        known = budgets.budgets_of(run)
        if not known:
            return
        own = await self._most(known, body)
        pause = _FIRST_PAUSE
        decision = await self._reserve(own)
        while decision.verdict == Verdict.WAIT:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            decision = await self._store.read(lambda connection: budgets.look(connection, run))
            if decision.verdict == Verdict.START:
                decision = await self._reserve(own)
        if decision.verdict == Verdict.EXCEEDED:
            raise BudgetReached(decision.message)

    async def _reserve(self, own: Reservation) -> budgets.Decision:
        decisions: list[budgets.Decision] = []

        def write(connection: Connection, run: RunRecord) -> list[WireEvent]:
            decisions.append(budgets.reserve(connection, run, own))
            return []

        await self._ledger.write(write)
        return decisions[-1]

    async def _most(self, known: Sequence[Budget], body: ResponseRequest) -> Reservation:
        """Return the most that a round can use. A token has at least one byte."""
        limit = body.get("max_output_tokens")
        prompt, answer = len(json.dumps(body)), limit or _ESTIMATED_ANSWER
        cost = 0
        for budget in known:
            if budget["cost"] is not None:
                cost = await self._highest_cost(budget["name"], prompt, answer)
        return Reservation(Amount(prompt + answer, cost), is_alone=not limit or _has_no_limit(body))

    async def _highest_cost(self, name: str, prompt: int, answer: int) -> int:
        # Writing to the cache may cost more than a new token, and a project may have another tier by default.
        prices = [
            await self._pricing.price(Reported(None, tier, prompt, 0, written, answer, 0))
            for tier in (None, "priority")
            for written in (0, prompt)
        ]
        costs = [price.cost for price in prices if price is not None]
        if not costs:
            raise ModelError(
                "server_error",
                f"The budget {name} limits the cost, but the price of the model is unknown. Set its price with the "
                "option prices, or limit the tokens.",
            )
        return min(max(costs), LARGEST)


def _has_no_limit(body: ResponseRequest) -> bool:
    """Return whether the number of tokens does not depend on the length of the request: hosted tools, files, images."""
    if any(tool["type"] != "function" for tool in body.get("tools", [])):
        return True
    return any(part.get("type") in _PARTS_WITHOUT_LIMIT for item in body["input"] for part in _parts(item))


def _parts(item: Json) -> list[Json]:
    content = item.get("content")
    return content if isinstance(content, list) else []
