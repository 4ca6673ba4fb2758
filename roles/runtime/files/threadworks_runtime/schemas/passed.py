# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a run that the Assistants API does not have. The model server gets them: see ``model/places.py``."""

from __future__ import annotations

from .base import Body


class Passed(Body):
    """A run shows those that are set, under the same names."""


PASSED = tuple(Passed.model_fields)
