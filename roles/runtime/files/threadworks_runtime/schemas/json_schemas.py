# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the JSON Schemas in a request body. This takes too long for the model of the body."""

from __future__ import annotations

from typing import Any

from ..json_schema.in_options import find_unusable
from ..json_schema.rules import json_path
from ..wire_errors import invalid


async def check_schemas(body: dict[str, Any]) -> None:
    """Check the schemas of an assistant's or a run's tools and response format.

    Args:
        body: The request body, validated.

    Raises:
        ApiError: 400 for the first schema that cannot be used, with the location and the reason.
    """
    unusable = await find_unusable(body)
    if unusable is not None:
        place, why = unusable
        raise invalid(place + json_path(why.path)[1:], f"this JSON Schema cannot be used: {why.reason}.")
