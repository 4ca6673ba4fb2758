# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# lookup() unpacks a list with one item, so the type of the result would depend on the number of items.

from __future__ import annotations

import inspect
import typing as t


def as_list(things: list[t.Any]) -> list[t.Any]:
    """Return the value for a lookup's `run` with which both query() and lookup() return a list.

    query() and `wantlist=true` return the list of a lookup unchanged. lookup() unpacks a list with one item. Ansible
    removes `wantlist` before it calls `run`, so it can only be read from a local variable of the caller, from
    ansible-core 2.16 to 2.21. If this variable is missing, the list is returned unchanged.

    Args:
        things: The results of the lookup.
    """
    frame = inspect.currentframe()
    # The frame that calls `run`, which calls this function.
    caller = frame and frame.f_back and frame.f_back.f_back
    wantlist = caller.f_locals.get("wantlist", True) if caller else True
    return things if wantlist or len(things) != 1 else [things]
