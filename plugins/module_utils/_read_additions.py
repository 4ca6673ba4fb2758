# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Lists with additions of the runtime. Other servers ignore or refuse an addition.

from __future__ import annotations

import typing as t

from ._errors import WireError

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire


def list_with(wire: ReadingWire, *path: str, addition: Json) -> list[Json]:
    """Return the objects of a list, with an addition if the server supports it.

    Args:
        wire: The client.
        path: The parts of the path.
        addition: The query parameters of the addition.

    Raises:
        NotFound: The parent of the list does not exist.
    """
    try:
        return list(wire.list(*path, query=addition))
    except WireError as error:
        if error.status != 400:
            raise
    return list(wire.list(*path))
