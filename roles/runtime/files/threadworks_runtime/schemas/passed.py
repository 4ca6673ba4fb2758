# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a run that the Assistants API does not have. They are sent to the model server (``model/places.py``)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Body


class Passed(Body):
    """Options that are set are returned in the run, with the same names."""

    verbosity: Literal["low", "medium", "high"] | None = None
    reasoning_summary: Literal["auto", "concise", "detailed"] | None = None
    service_tier: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    prompt_cache_key: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    safety_identifier: Annotated[str, Field(min_length=1, max_length=128)] | None = None


PASSED = tuple(Passed.model_fields)
