# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import typing as t

from ._local_runtime import control, found
from ._options import Spec
from ._task import Task

SPEC = Spec("openai_local_runtime_info")


def ensure(task: Task) -> dict[str, t.Any]:
    """Describe the local runtimes, and return the task's result.

    Raises:
        TaskError: The task does not run on the control node.
    """
    SPEC.check(task.params)
    return {"changed": False, "runtimes": found(control(task), task.params["all"])}
