# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Lists with what the runtime adds to the wire. Another server ignores an addition, or refuses it.

from __future__ import annotations

import typing as t

from ._errors import WireError

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire


def list_with(wire: ReadingWire, *path: str, addition: Json) -> list[Json]:
    """Return the objects of a list, with an addition if the server takes it.

    Args:
        wire: The client.
        path: The parts of the path.
        addition: The part of the query that the runtime adds to the wire.

    Raises:
        NotFound: What the list is in does not exist.
    """
    try:
        return list(wire.list(*path, query=addition))
    except WireError as error:
        if error.status != 400:
            raise
    return list(wire.list(*path))
