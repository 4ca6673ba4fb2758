# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prices and budgets of runs, from a client or from the settings of a server."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from ..objects import Budget, RunTerms
from ..usage.money import to_units
from .base import Body

# US dollars. Twelve decimal places of an amount are exact, see `usage.money`.
_PerMillion = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)]
_Amount = Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=12)]
BudgetName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f|]*$")]
PlayId = Annotated[str, Field(pattern=r"^[0-9a-zA-Z_.-]{1,64}$")]


class ModelPrices(Body):
    """The prices of a model per million tokens."""

    input: _PerMillion
    cached: _PerMillion | None = None
    output: _PerMillion

    def stored(self) -> dict[str, str]:
        """Return the prices as they are stored."""
        return {name: str(price) for name, price in self.model_dump(exclude_none=True).items()}


class BudgetLimits(Body):
    """A budget: limits for all runs that have its name, in a period."""

    name: BudgetName
    tokens: int | None = Field(default=None, ge=1, le=2**53)
    cost: _Amount | None = None
    per: Literal["run", "play", "hour", "day", "month"]
    play: PlayId | None = None

    @model_validator(mode="after")
    def _check(self) -> BudgetLimits:
        if self.tokens is None and self.cost is None:
            raise ValueError("a budget needs tokens or cost")
        if self.per == "play" and self.play is None:
            raise ValueError("a budget per play needs the id of the play")
        return self

    def stored(self, scope: str) -> Budget:
        """Return the budget as it is stored with a run.

        Args:
            scope: ``client`` or ``server``, so that a client cannot use up the budget of the server.
        """
        return {
            "name": self.name,
            "scope": scope,
            "per": self.per,
            "play": self.play,
            "tokens": self.tokens,
            "cost": None if self.cost is None else to_units(self.cost),
        }


Prices = Annotated[dict[Annotated[str, Field(max_length=256)], ModelPrices], Field(max_length=1000)]


def read_terms(prices: str, budget: str) -> RunTerms:
    """Read the settings of a server.

    Args:
        prices: The prices by model as JSON, or an empty string.
        budget: The budget of all runs as JSON, or an empty string.

    Returns:
        The terms of its runs.

    Raises:
        ValueError: A setting is invalid. The message contains the name of the setting.
    """
    terms: RunTerms = {}
    try:
        if prices:
            known: dict[str, ModelPrices] = TypeAdapter(Prices).validate_json(prices)
            terms["prices"] = {model: each.stored() for model, each in known.items()}
    except ValidationError as error:
        raise ValueError(f"--prices: {_problem(error)}") from None
    try:
        if budget:
            limits = BudgetLimits.model_validate_json(budget)
            terms["budgets"] = [limits.stored("server")]
    except ValidationError as error:
        raise ValueError(f"--budget: {_problem(error)}") from None
    return terms


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
