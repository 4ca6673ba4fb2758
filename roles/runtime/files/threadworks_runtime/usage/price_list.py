# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The price list of the library genai-prices, offline.

Only imported when a cost is computed, because the import takes 0.15 s.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from functools import cache

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider, Usage

from ..model.usage import Reported

# The library updates its list from the network only if a program starts an `UpdatePrices`, which this one never does.
_CHECKED = re.compile(r"\b(?:checked|verified|as of)(?: against \w+)?(?: on)? (\d{4}-\d{2}-\d{2})")
_STANDARD = (None, "default", "standard")


@cache
def list_date() -> str:
    """Return the date of the price list: the newest date on which a price in it was checked."""
    comments = (model.price_comments or "" for provider in get_snapshot().providers for model in provider.models)
    return max((date for comment in comments for date in _CHECKED.findall(comment)), default="unknown")


def list_price(served: Reported, names: list[str], url: str) -> Decimal | None:
    """Return the cost of an answer.

    Args:
        served: The answer, with its tokens.
        names: The names of the model, the most specific first.
        url: The URL of the model server, which determines the provider.

    Returns:
        The cost in US dollars. None if the list has no price for the provider, the model or the service tier.
    """
    found = _find(names, url)
    if found is None or served.input_tokens is None or served.output_tokens is None:
        return None
    provider, model = found
    now = datetime.now(timezone.utc)
    prices = model.get_prices(now)
    if served.service_tier not in _STANDARD:
        context = {"service_tier": str(served.service_tier)}
        # Without a price for the tier, the library returns the standard price.
        has_tier = any(model is each for each in provider.models)
        in_tier = model.get_prices(now, context) if has_tier else prices
        if vars(in_tier) == vars(prices):
            return None
        prices = in_tier
    usage = Usage(
        input_tokens=served.input_tokens,
        cache_read_tokens=served.cached_tokens or 0,
        cache_write_tokens=served.cache_write_tokens or 0,
        output_tokens=served.output_tokens,
    )
    return prices.calc_price(usage)["total_price"]


def _find(names: list[str], url: str) -> tuple[Provider, ModelInfo] | None:
    for name in names:
        try:
            return get_snapshot().find_provider_model(name, None, None, url)
        except LookupError:
            continue
    return None
