# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# What a run has used: tokens, time and money. An addition of the runtime.

from __future__ import annotations

import typing as t

from ._errors import NotFound, WireError
from ._identity import is_predicted

if t.TYPE_CHECKING:
    from ._types import Json, Run
    from ._wire_reading import ReadingWire


def read_details(wire: ReadingWire, run: Run) -> Json | None:
    """Return the details of a run. None for a run that check mode predicts, and if the server has no details."""
    if is_predicted(run["id"]):
        return None
    try:
        found = wire.get("threads", run["thread_id"], "runs", run["id"], query={"include[]": "details"})
    except NotFound:
        return None
    except WireError as error:
        if error.status != 400:
            raise
        return None
    details = found.get("details")
    return details if isinstance(details, dict) else None
