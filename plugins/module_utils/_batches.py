# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The requests that add files to a vector store: one for many files where possible, because OpenAI limits their number.

from __future__ import annotations

import itertools
import json
import typing as t

if t.TYPE_CHECKING:
    from ._types import Json

_MOST = 500


def batches(files: list[Json]) -> t.Iterator[tuple[str, Json]]:
    """Yield the last part of the path and the body of each request.

    Args:
        files: The bodies of requests for single files: `file_id`, and the options of the file.
    """
    options = [{name: value for name, value in file.items() if name != "file_id"} for file in files]
    marks = [json.dumps(each, sort_keys=True) for each in options]
    ordered = sorted(range(len(files)), key=marks.__getitem__)
    for _mark, group in itertools.groupby(ordered, marks.__getitem__):
        same = list(group)
        for start in range(0, len(same), _MOST):
            part = same[start : start + _MOST]
            if len(part) == 1:
                yield "files", files[part[0]]
            else:
                yield "file_batches", {"file_ids": [files[each]["file_id"] for each in part], **options[part[0]]}
