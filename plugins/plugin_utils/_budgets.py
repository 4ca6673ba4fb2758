# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The budgets of runs, as the details of a run report them.

from __future__ import annotations

import decimal
import typing as t

Json = dict[str, t.Any]


class Budget(t.NamedTuple):
    """A budget. The limit and the used part of tokens and of US dollars; None without such a limit.

    Attributes:
        name: Its name.
        per: Its period, such as day.
        tokens: Tokens: the limit and the used part.
        cost: US dollars: the limit and the used part.
        resets_at: When it is free again, in seconds since 1970, or None.
    """

    name: str
    per: str
    tokens: tuple[decimal.Decimal, decimal.Decimal] | None
    cost: tuple[decimal.Decimal, decimal.Decimal] | None
    resets_at: int | None

    @property
    def key(self) -> str:
        """Its identity."""
        return f"{self.name} {self.per}"

    @property
    def share(self) -> float:
        """The used part in percent: the larger one of tokens and cost."""
        limits = [each for each in (self.tokens, self.cost) if each]
        shares = [float(100 * used / limit) if limit else 100.0 for limit, used in limits]
        return round(min(max(shares, default=0.0), 100.0), 1)

    @property
    def left(self) -> str:
        """What is left, as text."""
        parts = []
        if self.tokens:
            limit, used = self.tokens
            parts.append(f"{max(limit - used, 0):,} of {limit:,} tokens")
        if self.cost:
            limit, used = self.cost
            parts.append(f"${max(limit - used, decimal.Decimal(0)):,.4f} of ${limit:,.2f}")
        return " and ".join(parts)

    def to_json(self) -> Json:
        """Return what is left as plain data."""
        tokens, cost = (limit and max(limit[0] - limit[1], decimal.Decimal(0)) for limit in (self.tokens, self.cost))
        return {
            "name": self.name,
            "per": self.per,
            "tokens_left": None if tokens is None else int(tokens),
            "cost_left": None if cost is None else str(cost),
        }


def budgets_of(details: Json) -> t.Iterator[Budget]:
    """Yield the budgets in the details of a run."""
    found = details.get("budgets")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and each.get("name"):
            tokens, cost, resets = _limit(each.get("tokens")), _limit(each.get("cost")), each.get("resets_at")
            moment = int(resets) if isinstance(resets, (int, float)) else None
            yield Budget(str(each["name"]), str(each.get("per") or ""), tokens, cost, moment)


def _limit(value: t.Any) -> tuple[decimal.Decimal, decimal.Decimal] | None:
    try:
        limit, used = (decimal.Decimal(str(value[name])) for name in ("limit", "used"))
    except (TypeError, KeyError, decimal.InvalidOperation):
        return None
    return (limit, used) if limit.is_finite() and used.is_finite() else None
