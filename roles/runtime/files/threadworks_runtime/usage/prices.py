# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of a round: from the prices that a user sets, or from the price list."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from decimal import Decimal
from threading import Thread
from typing import TYPE_CHECKING

from ..model.address import read_address
from ..model.transport import is_loopback
from ..model.usage import Reported
from .details import Price
from .money import to_units

if TYPE_CHECKING:
    from types import ModuleType

_LOG = logging.getLogger("threadworks.runtime")
_MILLION = Decimal(1_000_000)

OwnPrices = Mapping[str, Mapping[str, str]]
"""By model: the prices of ``input``, ``cached`` and ``output`` in US dollars per million tokens, as decimal numbers."""


class Pricing:
    """The prices of one run.

    Args:
        model: The model that the run requests.
        base_url: The URL of the model server, or None for OpenAI.
        own: The prices that the user sets.
    """

    def __init__(self, model: str, base_url: str | None, own: OwnPrices) -> None:
        self._model, self._own = model, own
        address = read_address(base_url)
        self._url = address.url.geturl()
        # No price list knows what a model on this machine costs.
        self._is_listed = not is_loopback(address.host)
        self._list: asyncio.Future[ModuleType | None] | None = None

    def prepare(self) -> None:
        """Import the price list in the background, if it will be needed. Called when an answer begins."""
        if self._is_listed and self._model not in self._own:
            self._load()

    async def price(self, served: Reported) -> Price | None:
        """Return the cost of an answer.

        Args:
            served: What the answer reports about itself.

        Returns:
            The cost, or None if it is unknown.
        """
        names = [name for name in (served.model, self._model) if name]
        for name in names:
            if name in self._own:
                return _own_price(served, self._own[name])
        prices = await self._load() if self._is_listed else None
        if prices is None:
            return None
        try:
            dollars = prices.list_price(served, names, self._url)
        # Numbers of a server can contradict each other, and a run does not fail because its cost is unknown.
        except Exception as error:  # noqa: BLE001
            _LOG.info("no price: %s", type(error).__name__)
            return None
        return None if dollars is None else Price(to_units(dollars), prices.list_date())

    def _load(self) -> asyncio.Future[ModuleType | None]:
        if self._list is None:
            self._list = asyncio.wrap_future(_import())
        return self._list


_imported: Future[ModuleType | None] | None = None


def _import() -> Future[ModuleType | None]:
    """Import the price list in a thread, once. A thread of its own: it is needed once."""
    global _imported  # noqa: PLW0603
    if _imported is None:
        _imported = Future()
        # A run that is cancelled while it waits does not cancel the import for all others.
        _imported.set_running_or_notify_cancel()
        Thread(target=_import_now, args=(_imported,), name="prices", daemon=True).start()
    return _imported


def _import_now(imported: Future[ModuleType | None]) -> None:
    try:
        from . import price_list

        price_list.list_date()
        imported.set_result(price_list)
    except Exception as error:  # noqa: BLE001  # a run does not fail because its cost is unknown
        _LOG.error("no price list: %s", type(error).__name__)
        imported.set_result(None)


def _own_price(served: Reported, prices: Mapping[str, str]) -> Price | None:
    per_input, per_output = Decimal(prices["input"]), Decimal(prices["output"])
    per_cached = Decimal(prices.get("cached", prices["input"]))
    if not (per_input or per_cached or per_output):
        return Price(0, None)
    if served.input_tokens is None or served.output_tokens is None:
        return None
    cached = served.cached_tokens or 0
    parts = ((served.input_tokens - cached, per_input), (cached, per_cached), (served.output_tokens, per_output))
    return Price(to_units(sum((count * price for count, price in parts), Decimal(0)) / _MILLION), None)
