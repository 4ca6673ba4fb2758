# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The files of a vector store: find or upload the desired ones, add and remove files to match, and wait until they are
# indexed.

from __future__ import annotations

import os
import time
import typing as t

from ._errors import NotFound, TaskError
from ._file import find_file, find_identical, upload
from ._read_files import files, is_file_id, named
from ._upload import Source

if t.TYPE_CHECKING:
    from ._task import Task
    from ._types import Json

_PURPOSE = "assistants"
_FIRST_POLL, _LONGEST_POLL = 0.25, 5.0
_BROKEN = ("failed", "cancelled")
# The number of requests at the same time, and of files that are requested one by one.
_FEW = 8


class Desired(t.NamedTuple):
    """A file that the vector store must contain.

    Attributes:
        file: The file, as on the model server.
        attributes: Its desired attributes, or None to keep them.
        is_uploaded: Whether this task has uploaded it.
    """

    file: Json
    attributes: Json | None
    is_uploaded: bool


class StoreFiles:
    """The files of one vector store.

    Args:
        task: The task.
        store_id: The vector store.
    """

    def __init__(self, task: Task, store_id: str) -> None:
        self._task = task
        self._id = store_id
        self._path = ("vector_stores", store_id)

    @staticmethod
    def desired(task: Task) -> dict[str, Desired] | None:
        """Return the desired files by their ids, or None if the task does not set them. Missing files are uploaded.

        Raises:
            TaskError: A file does not exist, or cannot be uploaded.
        """
        if task.params["files"] is None:
            return None
        # All local files are checked before the first upload.
        located = [_located(each) for each in task.params["files"]]
        found = _found(task, [source for source, _kind, _attributes in located if isinstance(source, Source)])
        desired = [_on_server(task, *each, found) for each in located]
        return {each.file["id"]: each for each in desired}

    def existing(self) -> list[Json]:
        """Return the files in the vector store."""
        return list(self._task.wire.list(*self._path, "files"))

    def ensure(self, result: Json, wanted: dict[str, Desired] | None) -> Json:
        """Bring the files to the desired state.

        Args:
            result: The result of the task for the vector store.
            wanted: The desired files, or None to keep the files.

        Raises:
            TaskError: A file cannot be indexed, or is not indexed in time.
        """
        before = {file["id"]: file for file in self.existing()}
        names = self._names(before, wanted)
        added, removed, changed = self._change(before, wanted or {}) if wanted is not None else ([], [], [])
        after = [each for each in before if each not in removed] + [each for each in added if each not in before]
        uploaded = any(file.is_uploaded for file in (wanted or {}).values())
        report: Json = {
            **result,
            "changed": result["changed"] or bool(added or removed or changed) or uploaded,
            "added_files": [{"file_id": each, "filename": names[each]} for each in added],
            "removed_files": [{"file_id": each, "filename": names[each]} for each in removed],
        }
        notes = self._notes(names, before, added, removed, changed)
        for side, shown in (("before", [names[each] for each in before]), ("after", [notes[each] for each in after])):
            if shown:
                report["diff"][side]["files"] = sorted(shown)
        return self._waited(report, names)

    def _notes(
        self, names: dict[str, str], before: dict[str, Json], added: list[str], removed: list[str], changed: list[str]
    ) -> dict[str, str]:
        """Return the names of the files, with what the diff would not show otherwise."""
        notes = dict(names)
        replaced = {names[each] for each in removed}
        for each in added:
            if each in before:
                notes[each] += " (indexed again)"
            elif names[each] in replaced:
                notes[each] += " (changed)"
        notes.update((each, f"{names[each]} (attributes changed)") for each in changed)
        return notes

    def _names(self, before: dict[str, Json], wanted: dict[str, Desired] | None) -> dict[str, str]:
        """Return the names of the files. The vector store only returns ids."""
        names = {file_id: str(each.file["filename"]) for file_id, each in (wanted or {}).items()}
        unknown = [file_id for file_id in before if file_id not in names]
        # It may have been deleted, but is still in the vector store.
        names.update(zip(unknown, unknown, strict=True))
        if len(unknown) > _FEW:
            listed = {file["id"]: file for file in files(self._task.wire)}
        else:
            listed = {file_id: self._file(file_id) for file_id in unknown}
        names.update((each, str(listed[each]["filename"])) for each in unknown if listed.get(each, {}).get("filename"))
        return names

    def _file(self, file_id: str) -> Json:
        """Return a file, or nothing if it does not exist."""
        try:
            return self._task.wire.get("files", file_id)
        except NotFound:
            return {}

    def _change(self, before: dict[str, Json], wanted: dict[str, Desired]) -> tuple[list[str], list[str], list[str]]:
        """Add, remove and change files, and return their ids.

        Files that could not be indexed, or have been divided differently, are added again.
        """
        wire, params = self._task.wire, self._task.params
        again = [each for each in wanted if each in before and self._is_outdated(before[each])]
        added = [each for each in wanted if each not in before or each in again]
        removed = [each for each in before if each not in wanted] if params["purge_files"] else []
        changed = [
            each
            for each, file in wanted.items()
            if each not in added and file.attributes is not None and file.attributes != before[each].get("attributes")
        ]
        for file_id in (*removed, *again):
            wire.delete(*self._path, "files", file_id)
        wire.add_files(self._id, [self._body(wanted[each]) for each in added])
        for file_id in changed:
            wire.post(*self._path, "files", file_id, body={"attributes": wanted[file_id].attributes})
        if params["delete_files"]:
            for file_id in removed:
                wire.delete("files", file_id)
        return added, removed, changed

    def _is_outdated(self, member: Json) -> bool:
        chunking = self._task.params["chunking_strategy"]
        is_other = chunking and chunking["type"] == "static" and chunking != member.get("chunking_strategy")
        return bool(member["status"] in _BROKEN or is_other)

    def _body(self, file: Desired) -> Json:
        chunking = self._task.params["chunking_strategy"]
        fields = {"attributes": file.attributes, "chunking_strategy": chunking and _without_nulls(chunking)}
        return {"file_id": file.file["id"], **{name: value for name, value in fields.items() if value}}

    def _waited(self, report: Json, names: dict[str, str]) -> Json:
        """Wait until all files are indexed, and return the result of the task.

        Raises:
            TaskError: A file cannot be indexed, or is not indexed in time.
        """
        params, pause = self._task.params, _FIRST_POLL
        waits = params["wait"] and not self._task.check_mode
        end = time.monotonic() + params["wait_timeout"]
        while True:
            found = [{**file, "filename": names.get(file["id"], file["id"])} for file in self.existing()]
            waiting = [file for file in found if file["status"] == "in_progress"]
            if not waits or not waiting or time.monotonic() >= end:
                break
            time.sleep(max(min(pause, end - time.monotonic()), 0.001))
            pause = min(pause * 1.5, _LONGEST_POLL)
        failed = [file for file in found if file["status"] in _BROKEN]
        store = self._task.wire.get(*self._path)
        report = {**report, "vector_store": store, "files": found, "failed_files": failed}
        if waits and waiting:
            raise TaskError(
                f"{len(waiting)} of {len(found)} files are not indexed after {params['wait_timeout']:g} seconds (option"
                " wait_timeout). Indexing continues. Run the task again to wait for it.",
                **report,
            )
        if waits and failed:
            raise TaskError(f"{len(failed)} of {len(found)} files cannot be searched: {_reasons(failed)}", **report)
        return report


def _located(item: t.Any) -> tuple[Source | str, str, Json | None]:
    """Return the source of a file, or its id or name, whether it is an id or a name, and its attributes."""
    file = item if isinstance(item, dict) else {}
    attributes = file.get("attributes")
    if file.get("file_id"):
        return file["file_id"], "id", attributes
    if file.get("path"):
        return Source(file.get("filename"), os.path.expanduser(file["path"])), "path", attributes
    if file.get("filename"):
        return file["filename"], "name", attributes
    if is_file_id(item):
        return item, "id", None
    path = os.path.expanduser(item)
    if "/" in item or os.path.isfile(path):
        return Source(None, path), "path", None
    if os.path.isdir(path):
        raise TaskError(f"files: {item} is a directory. Use the lookup fileglob to list its files.")
    return item, "name", None


def _found(task: Task, sources: list[Source]) -> dict[int, Json | None]:
    """Return the files with the same content as local files, by the identity of the local file."""

    def search(source: Source) -> tuple[int, Json | None]:
        return id(source), find_identical(task, source, _PURPOSE)

    if len(sources) <= _FEW:
        return dict(map(search, sources))
    # The runtime asks the model server for each file.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_FEW) as threads:
        return dict(threads.map(search, sources))


def _on_server(
    task: Task, source: Source | str, kind: str, attributes: Json | None, known: dict[int, Json | None]
) -> Desired:
    if isinstance(source, Source):
        found = known[id(source)]
        if found:
            return Desired(found, attributes, False)
        created = upload(task, source, _PURPOSE)
        return Desired(created.thing, attributes, created.is_new)
    return Desired(find_file(task, source) if kind == "id" else named(task.wire, source), attributes, False)


def _without_nulls(value: Json) -> Json:
    return {name: each for name, each in value.items() if each is not None}


def _reasons(failed: list[Json]) -> str:
    texts = []
    for file in failed:
        error = file.get("last_error") or {}
        texts.append(f"{file['filename']}: {error.get('message') or file['status']} ({error.get('code') or 'no code'})")
    return "; ".join(texts)
