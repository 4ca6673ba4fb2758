# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digests of files on model servers, which do not report digests, and often do not return the content.

A row says which content a file had when it passed through the runtime. The content of a file never changes, but a file
can be deleted without the runtime. So a row does not prove that the file still exists.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, text

from ..ids import now
from .idempotency import oldest_kept
from .tables import file_digests, idempotency

_MOST = 32  # files of one content that are remembered: they may all be gone, and each has to be looked up
# Both databases know this statement. SQLAlchemy's own would load the dialect that is not used.
_NOTE = text(
    "INSERT INTO file_digests (server, file_id, sha256, created_at) VALUES (:server, :file_id, :sha256, :created_at)"
    " ON CONFLICT (server, file_id) DO UPDATE SET sha256 = excluded.sha256"
)
# Another process may have created another object with the same key at the same time.
_NOTE_CREATED = text(
    "INSERT INTO idempotency (key, fingerprint, object_id, created_at) "
    "VALUES (:key, :fingerprint, :object_id, :created_at) ON CONFLICT (key) DO UPDATE SET "
    "fingerprint = excluded.fingerprint, object_id = excluded.object_id, created_at = excluded.created_at"
)


def note(connection: Connection, server: str, file_id: str, sha256: str) -> None:
    """Store the digest of a file.

    Args:
        connection: A writing transaction.
        server: The fingerprint of the model server.
        file_id: The file.
        sha256: The digest in hexadecimal digits.
    """
    connection.execute(_NOTE, {"server": server, "file_id": file_id, "sha256": sha256, "created_at": now()})
    for old in _ids(connection, server, sha256)[_MOST:]:
        forget(connection, server, old)


def known(connection: Connection, server: str, sha256: str) -> list[str]:
    """Return the files that have had this content, newest first.

    Args:
        connection: A transaction.
        server: The fingerprint of the model server.
        sha256: The digest in hexadecimal digits.

    Returns:
        Their ids.
    """
    return _ids(connection, server, sha256)[:_MOST]


def forget(connection: Connection, server: str, file_id: str) -> None:
    """Remove the digest of a file.

    Args:
        connection: A writing transaction.
        server: The fingerprint of the model server.
        file_id: The file.
    """
    same = file_digests.c.server == server, file_digests.c.file_id == file_id
    connection.execute(delete(file_digests).where(*same))


def created(connection: Connection, key: str) -> tuple[str, str] | None:
    """Return what an earlier request with an idempotency key has created on a model server.

    Args:
        connection: A transaction.
        key: The key, which is also that of the server.

    Returns:
        The id of the object and the fingerprint of the request, or None.
    """
    same = idempotency.c.key == key, idempotency.c.created_at >= oldest_kept()
    row = connection.execute(select(idempotency).where(*same)).first()
    return (row.object_id, row.fingerprint) if row else None


def note_created(connection: Connection, key: str, object_id: str, fingerprint: str) -> None:
    """Store what a request with an idempotency key has created on a model server.

    Args:
        connection: A writing transaction.
        key: The key, which is also that of the server.
        object_id: The object.
        fingerprint: The fingerprint of the request.
    """
    values = {"key": key, "fingerprint": fingerprint, "object_id": object_id, "created_at": now()}
    connection.execute(_NOTE_CREATED, values)


def _ids(connection: Connection, server: str, sha256: str) -> list[str]:
    columns = file_digests.c
    same = columns.server == server, columns.sha256 == sha256
    newest = columns.created_at.desc(), columns.file_id.desc()
    return list(connection.scalars(select(columns.file_id).where(*same).order_by(*newest)))
