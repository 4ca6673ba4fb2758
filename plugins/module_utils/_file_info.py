# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import itertools
import typing as t

from ._file import check_model_server, find_file
from ._options import Spec
from ._read_files import files
from ._task import Task

SPEC = Spec("openai_file_info", mutually_exclusive=[("file_id", name) for name in ("filename", "purpose", "limit")])


def ensure(task: Task) -> dict[str, t.Any]:
    """Read the requested files, and return the task's result.

    Raises:
        NotFound: An id does not exist.
    """
    SPEC.check(task.params)
    check_model_server(task)
    file_id, filename, purpose, limit = (task.params[each] for each in ("file_id", "filename", "purpose", "limit"))
    if file_id:
        return {"changed": False, "files": [find_file(task, file_id)]}
    return {"changed": False, "files": list(itertools.islice(files(task.wire, filename, purpose), limit))}
