# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs with what they have used."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ..objects import RunDetails, Usage
from ..records import RunRecord
from . import details
from .details import Round


def with_usage(run: RunRecord, usage: Usage) -> RunRecord:
    """Return a run with added usage.

    Args:
        run: The run.
        usage: The tokens of one round.

    Returns:
        The changed run.
    """
    before = run.private["usage"]
    total: Usage = {
        "prompt_tokens": before["prompt_tokens"] + usage.get("prompt_tokens", 0),
        "completion_tokens": before["completion_tokens"] + usage.get("completion_tokens", 0),
        "total_tokens": before["total_tokens"] + usage.get("total_tokens", 0),
    }
    return replace(run, private={**run.private, "usage": total})


def with_round(run: RunRecord, latest: Round) -> RunRecord:
    """Return a run with the details of another round.

    Args:
        run: The run.
        latest: What the round has used.

    Returns:
        The changed run.
    """
    return _changed(run, lambda known: details.with_round(known, latest, time.time()))


def with_cut_round(run: RunRecord) -> RunRecord:
    """Return a run with a round that was cut off in its answer.

    Args:
        run: The run.

    Returns:
        The changed run.
    """
    return _changed(run, details.with_cut_round)


def started(run: RunRecord) -> RunRecord:
    """Return a run whose next round starts now.

    Args:
        run: The run.

    Returns:
        The changed run.
    """
    return _changed(run, lambda known: details.started(known, time.time()))


def ended(run: RunRecord) -> RunRecord:
    """Return a run that ends now.

    Args:
        run: The run.

    Returns:
        The changed run.
    """
    return _changed(run, lambda known: details.ended(known, time.time()))


def _changed(run: RunRecord, change: Callable[[RunDetails], RunDetails]) -> RunRecord:
    """Return a run with changed details. The details of a run that an older version has created are unknown."""
    known = run.private.get("details")
    return run if known is None else replace(run, private={**run.private, "details": change(known)})
