# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find files on the model server. This module only reads.
#
# A model server returns the name, the size and the purpose of a file, but no digest, and OpenAI does not return the
# content of a file for assistants. Therefore the runtime stores the digest of each file that passes through it. Files
# that it has not seen are compared by their content, if the server returns it.

from __future__ import annotations

import typing as t

from ._errors import NotFound, NotSupported, TaskError, WireError
from ._identity import is_predicted
from ._upload import Source, escaped, has_digest

if t.TYPE_CHECKING:
    from ._client import Wire
    from ._types import Json
    from ._wire_reading import ReadingWire

# OpenAI returns up to so many files at once.
_PAGE = 10_000
# The maximum number of files with the same name and size whose content is compared.
_COMPARED = 3
_IDS = ("file-", "file_", "assistant-")


class Comparison(t.NamedTuple):
    """The result of a search for a file by its content.

    Attributes:
        file: The file, or None.
        is_certain: Whether its content was compared. Otherwise, only its name, size and purpose were.
    """

    file: Json | None
    is_certain: bool


def is_file_id(term: str) -> bool:
    """Return whether a term is the id of a file, and not a name."""
    return (term.startswith(_IDS) and term.replace("-", "").replace("_", "").isalnum()) or is_predicted(term)


def files(wire: ReadingWire, filename: str | None = None, purpose: str | None = None) -> t.Iterator[Json]:
    """Yield the files with a name and a purpose, newest first."""
    query: Json = {"limit": _PAGE, **({"purpose": purpose} if purpose else {})}
    for file in wire.list("files", query=query):
        if _has_name(file, filename) and purpose in (None, file.get("purpose")):
            yield file


def _has_name(file: Json, name: str | None) -> bool:
    return name is None or file.get("filename") in (name, escaped(name))


def named(wire: ReadingWire, filename: str) -> Json:
    """Return the only file with a name.

    Raises:
        NotFound: There is none.
        TaskError: There are several.
    """
    found = list(files(wire, filename))
    if not found:
        raise NotFound(f"No file found with the name '{filename}', neither here nor on the model server.", "file")
    if len(found) > 1:
        ids = ", ".join(file["id"] for file in found)
        raise TaskError(
            f"{len(found)} files on the model server have the name '{filename}': {ids}. Use the id instead."
        )
    return found[0]


def identical(wire: Wire, source: Source, purpose: str) -> Comparison:
    """Search for a file with the same content, name and purpose. If there are several, the oldest one is used.

    Raises:
        WireError: The server refuses a request.
    """
    known = _known(wire, source.sha256)
    same = [file for file in known or () if _has_name(file, source.filename) and file.get("purpose") == purpose]
    if not same:
        alike = [file for file in files(wire, source.filename, purpose) if file.get("bytes") == source.size]
        if known is None and not any("sha256" in file for file in alike):
            return Comparison(_oldest(alike), False)
        same = [file for file in alike[:_COMPARED] if _has_content(wire, file, source.sha256)]
    return Comparison(_oldest(same), True)


def _known(wire: ReadingWire, sha256: str) -> list[Json] | None:
    """Return the files with a digest, or None if the server does not store digests."""
    try:
        found: list[Json] = wire.get("file_digests", sha256)["files"]
    except (NotSupported, NotFound):
        return None
    return found


def _has_content(wire: Wire, file: Json, sha256: str) -> bool:
    if "sha256" in file:  # predicted in check mode
        return bool(file["sha256"] == sha256)
    try:
        return has_digest(wire.content(file["id"]), sha256)
    except WireError:
        return False


def _oldest(found: list[Json]) -> Json | None:
    return min(found, key=lambda file: (file.get("created_at") or 0, file["id"]), default=None)
