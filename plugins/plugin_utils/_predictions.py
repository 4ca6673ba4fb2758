# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The predictions of tasks in check mode, for the tasks after them. Each task runs in its own process, so predictions
# are stored in a file in the temporary directory of this ansible-playbook, which removes it when it ends.

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import typing as t

from ansible import constants as C

Predictions = dict[str, "dict[str, t.Any] | None"]
# Not the path of an object. Marks that a task on another host has predicted changes that are unknown here.
_ELSEWHERE = "elsewhere/"


@contextlib.contextmanager
def shared(options: dict[str, t.Any]) -> t.Iterator[Predictions]:
    """Yield the predictions for the server of a task, and store what the task adds. Other tasks wait in the meantime.

    Args:
        options: The connection options.
    """
    with open(_path(options), "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        predictions = _loaded(file)
        yield predictions
        file.truncate(0)
        json.dump(predictions, file)


def seen(options: dict[str, t.Any]) -> Predictions:
    """Return the predictions for a server, read-only."""
    try:
        with open(_path(options), encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return _loaded(file)
    except FileNotFoundError:
        return {}


def forget(options: dict[str, t.Any]) -> None:
    """Delete the predictions for a server, because a task has changed it in a real run."""
    with contextlib.suppress(FileNotFoundError):
        os.truncate(_path(options), 0)


def note_elsewhere(predictions: Predictions) -> None:
    """Record that a task has predicted changes that later tasks cannot know."""
    predictions[_ELSEWHERE] = {}


def are_elsewhere(predictions: Predictions) -> bool:
    """Return whether a task has predicted changes that this task cannot know."""
    return _ELSEWHERE in predictions


def unshared(task: str) -> str:
    """Return the warning of a task that does not know all earlier predictions.

    Args:
        task: The name of the task.
    """
    return (
        f"The result of the task '{task}' in check mode may be wrong, because tasks that run on other hosts or with "
        "async do not share predictions with other tasks."
    )


def _path(options: dict[str, t.Any]) -> str:
    server = options["runtime_url"] or options["runtime_store"] or ""
    return os.path.join(C.DEFAULT_LOCAL_TMP, f"openai-{hashlib.sha256(server.encode()).hexdigest()[:16]}.json")


def _loaded(file: t.IO[str]) -> Predictions:
    file.seek(0)
    try:
        predictions: Predictions = json.loads(file.read() or "{}")
    except ValueError:
        # A task was killed while it was writing. Its predictions are unknown.
        return {_ELSEWHERE: {}}
    return predictions
