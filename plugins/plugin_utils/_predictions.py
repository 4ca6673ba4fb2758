# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# What the tasks of a check have predicted, for the tasks after them. Each task runs in a process of its own, so it is
# kept in a file, in the temporary folder of this ansible-playbook, which removes the folder when it ends.

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import typing as t

from ansible import constants as C

Predictions = dict[str, "dict[str, t.Any] | None"]
# Not the path of an object: tells that a task on another host has predicted changes, which are not known here.
_ELSEWHERE = "elsewhere/"


@contextlib.contextmanager
def shared(options: dict[str, t.Any]) -> t.Iterator[Predictions]:
    """Yield what has been predicted of a task's server, and keep what the task adds. Other tasks wait meanwhile.

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
    """Return what has been predicted of a server, for one who only reads."""
    try:
        with open(_path(options), encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return _loaded(file)
    except FileNotFoundError:
        return {}


def forget(options: dict[str, t.Any]) -> None:
    """Drop what has been predicted of a server: a task has changed it for real."""
    with contextlib.suppress(FileNotFoundError):
        os.truncate(_path(options), 0)


def note_elsewhere(predictions: Predictions) -> None:
    """Keep that a task has predicted changes which the tasks after it cannot know."""
    predictions[_ELSEWHERE] = {}


def are_elsewhere(predictions: Predictions) -> bool:
    """Tell whether a task has predicted changes which this one cannot know."""
    return _ELSEWHERE in predictions


def unshared(task: str) -> str:
    """Return the warning of a task that does not know all that earlier ones have predicted.

    Args:
        task: Its name.
    """
    return (
        f"What check mode says of the task '{task}' may be wrong: tasks that run on other hosts, or with async, do not "
        "share with other tasks what they predict."
    )


def _path(options: dict[str, t.Any]) -> str:
    server = options["runtime_url"] or options["runtime_store"] or ""
    return os.path.join(C.DEFAULT_LOCAL_TMP, f"openai-{hashlib.sha256(server.encode()).hexdigest()[:16]}.json")


def _loaded(file: t.IO[str]) -> Predictions:
    file.seek(0)
    try:
        predictions: Predictions = json.loads(file.read() or "{}")
    except ValueError:
        # A task was killed while it wrote: what it predicted is not known.
        return {_ELSEWHERE: {}}
    return predictions
