# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# lookup() unpacks a list that has one item, so that the number of things would decide whether a playbook gets a list.

from __future__ import annotations

import inspect
import typing as t


def as_list(things: list[t.Any]) -> list[t.Any]:
    """Return what a lookup's `run` has to return so that the playbook gets a list, whichever way it asks.

    query() and `wantlist=true` return the list of a lookup as it is; lookup() returns the only item of a list of one.
    Ansible takes `wantlist` away before it calls `run`: only the local variable of its caller has it, on each core from
    2.16 to 2.21. Where a core has no such variable, the list is returned as it is.

    Args:
        things: What the lookup has found.
    """
    frame = inspect.currentframe()
    # The caller of `run`, which calls this.
    caller = frame and frame.f_back and frame.f_back.f_back
    wantlist = caller.f_locals.get("wantlist", True) if caller else True
    return things if wantlist or len(things) != 1 else [things]
