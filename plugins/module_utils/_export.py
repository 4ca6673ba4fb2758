# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Exports the store to a file, which is only replaced if its content changes.

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t

from ._diff import diff
from ._errors import TaskError
from ._identity import is_predicted
from ._options import Spec
from ._read_threads import thread_id
from ._task import Task
from ._transfer import transfer_wire

SPEC = Spec("openai_export")
_KINDS = {
    "assistant": "assistants",
    "thread": "threads",
    "thread.message": "messages",
    "thread.run": "runs",
    "thread.run.step": "steps",
}
# The last line has six numbers.
_LONGEST_END = 1000


def ensure(task: Task) -> dict[str, t.Any]:
    """Write the export unless the file has the same content, and return the task's result.

    Raises:
        TaskError: The file cannot be written.
    """
    SPEC.check(task.params)
    dest = os.path.realpath(task.params["dest"])
    # A device, such as /dev/null, must not be replaced.
    is_other = os.path.exists(dest) and not os.path.isfile(dest)
    if is_other or not os.path.isdir(os.path.dirname(dest)):
        raise TaskError(f"dest: {dest} must be the path of a file in an existing directory.")
    wanted = task.params["thread_ids"]
    if wanted == []:
        raise TaskError("thread_ids is empty. Omit it to export all threads.")
    if any(map(is_predicted, wanted or ())):
        # An earlier task of this check would create the thread.
        return {"changed": True, "dest": dest, "size": None, "counts": None}
    wire = transfer_wire(task)
    query = [("thread_id", thread_id(wire, each)) for each in wanted or ()]
    if task.params["assistants"] is not None:
        query.append(("assistants", str(task.params["assistants"]).lower()))
    try:
        size = os.path.getsize(dest) if os.path.exists(dest) else None
        is_same, counts, written = _write(wire.export(query), dest, task.check_mode)
    except OSError as error:
        raise TaskError(f"dest: {dest} cannot be written: {error.strerror}.") from None
    before = {"path": dest, "size": size}
    return {
        "changed": not is_same,
        "dest": dest,
        "size": written,
        "counts": counts,
        "diff": diff(before, {**before, "size": written}, dest),
    }


def _write(pieces: t.Iterator[bytes], dest: str, only_compare: bool) -> tuple[bool, dict[str, int], int]:
    """Write an export to a file, if it is not the same.

    Returns:
        Whether the file is the same, the numbers of objects, and the size in bytes.
    """
    is_same, end, size = os.path.exists(dest), b"", 0
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(open(dest if is_same else os.devnull, "rb"))
        new = None if only_compare else stack.enter_context(_Unfinished(dest))
        for piece in pieces:
            is_same = is_same and old.read(len(piece)) == piece
            end, size = (end + piece)[-_LONGEST_END:], size + len(piece)
            if new:
                new.write(piece)
        counts = _counts(end)
        is_same = is_same and not old.read(1)
        if new and not is_same:
            new.finish()
    return is_same, counts, size


class _Unfinished:
    """A file that replaces another one when it is finished. Otherwise, it is removed."""

    def __init__(self, dest: str) -> None:
        self._dest = dest
        # Only its owner can read it.
        self._descriptor, self._path = tempfile.mkstemp(prefix=".export-", dir=os.path.dirname(dest))
        self._file = os.fdopen(self._descriptor, "wb")

    def __enter__(self) -> _Unfinished:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def write(self, piece: bytes) -> None:
        self._file.write(piece)

    def finish(self) -> None:
        self._file.flush()
        os.fsync(self._descriptor)
        os.replace(self._path, self._dest)


def _counts(end: bytes) -> dict[str, int]:
    try:
        last = json.loads(end.rstrip(b"\n").rpartition(b"\n")[2])
        return {name: last[kind] for kind, name in _KINDS.items()}
    except (ValueError, KeyError, TypeError):
        raise TaskError("The server did not send a complete export. Run the task again.") from None
