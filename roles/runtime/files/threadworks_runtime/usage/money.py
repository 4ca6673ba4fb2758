# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts of money as integers, so that the database adds them exactly."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

#: The units of one US dollar. A price per million tokens with six decimal places is exact.
DOLLAR = 10**12
#: The largest budget.
LARGEST = 1_000_000 * DOLLAR
#: The largest cost of a round that is stored. The database has 64 bits.
LARGEST_ROUND = 1_000 * DOLLAR
# The sum of all integers that a database stores has fewer digits.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def to_units(dollars: Decimal) -> int:
    """Return an amount in units, rounded to the nearest unit.

    Args:
        dollars: The amount in US dollars.
    """
    return int(_EXACT.to_integral_value(_EXACT.multiply(dollars, Decimal(DOLLAR))))


def shown(units: int) -> str:
    """Return an amount in US dollars as a decimal number, without an exponent and without zeros at its end.

    Args:
        units: The amount in units.
    """
    text = format(_EXACT.divide(Decimal(units), Decimal(DOLLAR)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
