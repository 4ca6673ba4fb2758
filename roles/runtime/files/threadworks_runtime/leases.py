# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases: a runner holds a run as long as it gives signs of life.

A lease ends by two clocks. The monotonic clock is one for all processes of a machine, and nobody can set it: it counts
wherever the holder's process can be seen. Other machines have nothing but the wall clock.
"""

from __future__ import annotations

import time

from sqlalchemy import ColumnElement, Table, case, or_

from .owners import is_gone, is_here, this_host
from .records import Lease, RunRecord

NOBODY: Lease = {"lease_owner": None, "lease_until": None, "lease_monotonic": None}
"""The lease of a run that nobody holds."""


def held_for(owner: str, seconds: float) -> Lease:
    """A lease from now on.

    Args:
        owner: The holder's name.
        seconds: How long it is held without a further sign of life.

    Returns:
        The lease.
    """
    return {
        "lease_owner": owner,
        "lease_until": time.time() + seconds,
        "lease_monotonic": time.monotonic() + seconds,
    }


def is_held(run: RunRecord) -> bool:
    """Whether somebody holds a run.

    Args:
        run: The run.

    Returns:
        ``False`` also where its holder is dead, or has given no sign of life in time.
    """
    if run.lease_owner is None or is_gone(run.lease_owner):
        return False
    if is_here(run.lease_owner) and run.lease_monotonic is not None:  # an older version knows the wall clock only
        return run.lease_monotonic > time.monotonic()
    return run.lease_until is not None and run.lease_until > time.time()


def lapsed(runs: Table) -> ColumnElement[bool]:
    """The condition that nobody holds a run, as far as a database can tell: it does not see who is dead.

    Args:
        runs: The table.

    Returns:
        The condition.
    """
    here = runs.c.lease_owner.startswith(this_host(), autoescape=True) & runs.c.lease_monotonic.is_not(None)
    over = case((here, runs.c.lease_monotonic < time.monotonic()), else_=runs.c.lease_until < time.time())
    return or_(runs.c.lease_owner.is_(None), over)
