# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Files on the model server: identity is the content with the name and the purpose, or the id. A file cannot be changed.

from __future__ import annotations

import typing as t

from ._client import Created
from ._errors import NotFound, TaskError
from ._identity import fingerprint
from ._object_state import ObjectState
from ._options import Spec
from ._read_files import files, identical
from ._task import Task
from ._upload import Source

if t.TYPE_CHECKING:
    from ._types import Json

SPEC = Spec(
    "openai_file",
    mutually_exclusive=[("path", "content", "file_id"), ("filename", "file_id")],
    required_one_of=[("path", "content", "file_id", "filename")],
    required_by={"content": ["filename"]},
)
_SHOWN = ("filename", "purpose", "bytes", "sha256")
_UNSURE = (
    "The server does not store the digests of files. The file {} is assumed to have the same content, because its "
    "name, size and purpose are the same."
)


def ensure(task: Task) -> Json:
    """Bring a file into the desired state, and return the task's result.

    Raises:
        TaskError: An option is wrong, or the server refuses a request.
    """
    SPEC.check(task.params)
    check_model_server(task)
    return _File(task).ensure()


def check_model_server(task: Task) -> None:
    """Check that a model server is configured.

    Raises:
        TaskError: There is none.
    """
    if task.wire.unconfigured:
        raise TaskError(task.wire.unconfigured)


class _File(ObjectState):
    kind = "file"

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._source: Source | None = None

    def path(self) -> tuple[str, ...]:
        return ("files",)

    def search(self) -> Json | None:
        if self.params["file_id"]:
            return find_file(self.task, self.params["file_id"])
        if self.params["state"] == "absent":
            return next(iter(self._named()), None)
        if self.params["path"] is None and self.params["content"] is None:
            raise TaskError("path or content is missing. One of them is required to upload a file.")
        self._source = Source(self.params["filename"], self.params["path"], self.params["content"])
        return find_identical(self.task, self._source, self.params["purpose"])

    def _named(self) -> t.Iterator[Json]:
        name = self.params["filename"] or (self.params["path"] or "").rpartition("/")[2]
        return files(self.task.wire, name, self.params["purpose"])

    def delete(self, found: list[Json]) -> Json:
        """Delete the file, or all files with its name and purpose."""
        return super().delete(found if self.params["file_id"] else list(self._named()))

    def body(self) -> Json:
        return described(t.cast("Source", self._source), self.params["purpose"])

    def request_creation(self, body: Json, replaced: Json | None) -> Created:
        expiry = {"expires_after": self.params["expires_after"]} if self.params["expires_after"] else {}
        return upload(self.task, t.cast("Source", self._source), self.params["purpose"], expiry)

    def changes(self, found: Json) -> Json:
        return {}

    def shown(self, thing: Json) -> Json:
        digest = {"sha256": self._source.sha256} if self._source else {}
        return {name: value for name, value in {**thing, **digest}.items() if name in _SHOWN}

    def result(self, thing: Json) -> Json:
        digest = {"sha256": self._source.sha256} if self._source else {}
        return super().result({**thing, **digest})


def described(source: Source, purpose: str) -> Json:
    """Return the fields of a new file."""
    return {"filename": source.filename, "purpose": purpose, "bytes": source.size, "sha256": source.sha256}


def find_file(task: Task, file_id: str) -> Json:
    """Return the file with an id.

    Raises:
        NotFound: It does not exist for this key.
    """
    try:
        return task.wire.get("files", file_id)
    except NotFound as error:
        raise NotFound(
            f"No file found with id '{file_id}'. Check the id, and the model server and its key (base_url, api_key).",
            "",
        ) from error


def find_identical(task: Task, source: Source, purpose: str) -> Json | None:
    """Return the file with the same content, name and purpose, or None."""
    found = identical(task.wire, source, purpose)
    if found.file and not found.is_certain:
        task.warn(_UNSURE.format(found.file["id"]))
    return found.file


def upload(task: Task, source: Source, purpose: str, further: Json | None = None) -> Created:
    """Upload a file once, even if several tasks do so at the same time."""
    once = fingerprint("file", source.filename, purpose, source.sha256)
    content = source.form({"purpose": purpose, **(further or {})})
    return task.wire.upload(content, once, described(source, purpose))
