# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The content of a file to upload. It is read from the disk in pieces, once for its digest and once for the upload.

from __future__ import annotations

import hashlib
import io
import os
import stat
import typing as t

from ._errors import TaskError

if t.TYPE_CHECKING:
    from ._types import Json

# The largest file that OpenAI accepts, and that the runtime forwards by default, in bytes.
LARGEST = 512 * 1024 * 1024
_PIECE = 256 * 1024
_ESCAPED = {'"': "%22", "\r": "%0D", "\n": "%0A"}


class Content(t.NamedTuple):
    """The body of a request that is not JSON.

    Attributes:
        headers: The headers that describe it.
        pieces: Returns it in pieces.
    """

    headers: dict[str, str]
    pieces: t.Callable[[], t.Iterator[bytes]]


class Source:
    """The content of a file.

    Attributes:
        filename: The name of the file on the model server.
        size: The size in bytes.
        sha256: The digest in hexadecimal digits.

    Args:
        filename: The name, or None for the name of the local file.
        path: The local file, or None.
        content: The content if there is no local file.

    Raises:
        TaskError: The content cannot be used.
    """

    def __init__(self, filename: str | None, path: str | None = None, content: str | None = None) -> None:
        self._path = path
        self._content = (content or "").encode()
        self.filename = filename or os.path.basename(path or "")
        self._what = f"path {path}".encode(errors="replace").decode() if path else "content"
        if self.filename.encode(errors="replace").decode() != self.filename:
            raise TaskError(f"The name of the file at {self._what} is not UTF-8. Set filename.")
        self.size = self._measured()
        self.sha256 = _digest(self._read())

    def _measured(self) -> int:
        size = len(self._content)
        if self._path:
            try:
                found = os.stat(self._path)
            except OSError as error:
                raise self._unreadable(error) from None
            except ValueError:
                raise TaskError("path contains a null character.") from None
            if not stat.S_ISREG(found.st_mode):
                hint = "To upload several files, use the lookup fileglob."
                raise TaskError(f"{self._what} is not a regular file. {hint}")
            size = found.st_size
        if not size:
            raise TaskError(f"{self._what} is empty. Model servers do not accept empty files.")
        if size > LARGEST:
            raise TaskError(f"{self._what} has {size} bytes, but at most {LARGEST} are allowed.")
        return size

    def _unreadable(self, error: OSError) -> TaskError:
        return TaskError(f"{self._what} cannot be read: {(error.strerror or str(error)).lower()}.")

    def _read(self) -> t.Iterator[bytes]:
        try:
            with open(self._path, "rb") if self._path else io.BytesIO(self._content) as file:
                while piece := file.read(_PIECE):
                    yield piece
        except OSError as error:
            raise self._unreadable(error) from None

    def form(self, fields: Json) -> Content:
        """Return a multipart body with the file.

        Args:
            fields: The other fields of the form. A dictionary becomes several fields.
        """
        # Random, so that the content cannot contain it.
        boundary = f"threadworks-{os.urandom(16).hex()}"
        name = escaped(self.filename)
        lines = []
        for field, value in _flat(fields):
            lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{field}"', "", value]
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="file"; filename="{name}"']
        head = "\r\n".join([*lines, f"Content-Type: {_type_of(name)}", "", ""]).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()

        def pieces() -> t.Iterator[bytes]:
            yield head
            yield from self._unchanged()
            yield tail

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + self.size + len(tail)),
        }
        return Content(headers, pieces)

    def _unchanged(self) -> t.Iterator[bytes]:
        """Yield the content that has been measured.

        Raises:
            TaskError: It has changed since. The last byte has not been sent, so the server does not store the file.
        """
        read, hashed, held = 0, hashlib.sha256(), b""
        for piece in self._read():
            read += len(piece)
            hashed.update(piece)
            if read > self.size:
                break
            yield held
            held = piece
        if read != self.size or hashed.hexdigest() != self.sha256:
            raise TaskError(f"{self._what} was changed while it was uploaded. Run the task again.")
        yield held


def escaped(name: str) -> str:
    """Return a file name as browsers send it in a form. Servers may keep it like this."""
    return "".join(_ESCAPED.get(character, character) for character in name)


def _flat(fields: Json) -> t.Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from ((f"{name}[{key}]", str(each)) for key, each in value.items())
        else:
            yield name, str(value)


def _digest(pieces: t.Iterable[bytes]) -> str:
    hashed = hashlib.sha256()
    for piece in pieces:
        hashed.update(piece)
    return hashed.hexdigest()


def has_digest(pieces: t.Iterable[bytes], sha256: str) -> bool:
    """Return whether a content has this SHA-256."""
    return _digest(pieces) == sha256


def _type_of(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"
