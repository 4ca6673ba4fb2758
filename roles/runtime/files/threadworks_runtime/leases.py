# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases. A runner holds a run as long as it renews its lease.

A lease has two end times. The monotonic clock is the same for all processes of a machine, and cannot be changed. It is
used if the holder's process is on the same machine. Other machines use the wall clock.
"""

from __future__ import annotations

import time

from sqlalchemy import ColumnElement, Table, case, or_

from .owners import is_gone, is_here, this_host
from .records import Lease, RunRecord, RunState

NOBODY: Lease = {"lease_owner": None, "lease_until": None, "lease_monotonic": None}
"""The lease of a run without a holder."""


def held_for(owner: str, seconds: float) -> Lease:
    """Return a new lease that starts now.

    Args:
        owner: The holder's name.
        seconds: The time until it expires unless it is renewed.

    Returns:
        The lease.
    """
    return {
        "lease_owner": owner,
        "lease_until": time.time() + seconds,
        "lease_monotonic": time.monotonic() + seconds,
    }


def is_held(run: RunRecord | RunState) -> bool:
    """Return whether a runner holds a run.

    Args:
        run: The run.

    Returns:
        False if there is no holder, if it is dead, or if its lease has expired.
    """
    if run.lease_owner is None or is_gone(run.lease_owner):
        return False
    if is_here(run.lease_owner) and run.lease_monotonic is not None:  # an older version only uses the wall clock
        return run.lease_monotonic > time.monotonic()
    return run.lease_until is not None and run.lease_until > time.time()


def lapsed(runs: Table) -> ColumnElement[bool]:
    """Return the SQL condition for runs with an expired lease. A database cannot detect dead processes.

    Args:
        runs: The table.

    Returns:
        The condition.
    """
    here = runs.c.lease_owner.startswith(this_host(), autoescape=True) & runs.c.lease_monotonic.is_not(None)
    over = case((here, runs.c.lease_monotonic < time.monotonic()), else_=runs.c.lease_until < time.time())
    return or_(runs.c.lease_owner.is_(None), over)
