# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How messages name a store and its trouble: without a secret, and with what to do."""

from __future__ import annotations

import errno
import sqlite3
from enum import Enum

from sqlalchemy import URL, make_url

NO_SPACE = "The disk of the store is full or has failed. Free some space."
_WRITABLE = "Choose a writable path."
_READ_ONLY = f"its file or its directory is read-only. {_WRITABLE}"
_ERRNO = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
# The higher bits contain details of the same error.
_SQLITE_PRIMARY = 0xFF
# SQLITE_BUSY, LOCKED and PROTOCOL; IOERR and FULL; READONLY and CANTOPEN; CORRUPT and NOTADB. Python 3.10 has the
# texts only.
_SQLITE_BUSY = ((5, 6, 15), ("is locked", "locking protocol"))
_SQLITE_SPACE = ((10, 13), ("disk is full", "disk I/O error"))
_SQLITE_READ_ONLY = ((8, 14), ("readonly database", "unable to open database file"))
_SQLITE_DAMAGED = ((11, 26), ("malformed", "not a database"))
_POSTGRESQL = ("53100", "58030")
# A connection parameter with one of these in its name is a secret: password, sslpassword, passfile and the like.
_SECRET = ("pass", "secret")


class StoreMoved(sqlite3.OperationalError):
    """The file of an open SQLite store was removed or replaced."""

    def __init__(self) -> None:
        super().__init__("The file of the store was removed or replaced. Restart the runtime.")


class Trouble(Enum):
    """What can be wrong with a store that was in order before."""

    FULL = "full"
    READ_ONLY = "read-only"
    UNAVAILABLE = "unavailable"


def shown(address: str | URL) -> str:
    """Name a store in a message.

    Args:
        address: Path or SQLAlchemy URL.

    Returns:
        The path of an SQLite store; another store's URL without its secrets.
    """
    if isinstance(address, str) and "://" not in address:
        return address
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    secrets = [name for name in url.query if any(part in name.lower() for part in _SECRET)]
    return url.difference_update_query(secrets).render_as_string(hide_password=True)


def is_out_of_space(error: BaseException | None) -> bool:
    """Return whether a store failed because there is no space, or because its disk fails.

    Args:
        error: What the database's driver or the operating system raised.

    Returns:
        Whether more space, or another disk, is the remedy.
    """
    if isinstance(error, OSError):
        return error.errno in _ERRNO
    return getattr(error, "sqlstate", None) in _POSTGRESQL or _is_of(error, *_SQLITE_SPACE)


def is_busy(error: BaseException | None) -> bool:
    """Return whether an SQLite store cannot be used because another process is using it.

    Args:
        error: What the database's driver raised.

    Returns:
        Whether it can be tried again.
    """
    return _is_of(error, *_SQLITE_BUSY)


def trouble(error: BaseException | None) -> tuple[Trouble, str]:
    """Say to a client what is wrong with a store that was in order before.

    Args:
        error: What the database's driver raised.

    Returns:
        The kind of trouble, and one or two sentences.
    """
    if is_out_of_space(error):
        return Trouble.FULL, NO_SPACE
    if _is_of(error, *_SQLITE_READ_ONLY):
        return Trouble.READ_ONLY, "The file or the directory of the store is read-only. Make both writable."
    if isinstance(error, StoreMoved):
        return Trouble.UNAVAILABLE, str(error)
    if _is_of(error, *_SQLITE_DAMAGED):
        return Trouble.UNAVAILABLE, "The file of the store is damaged. Stop the runtime, and restore a backup."
    return Trouble.UNAVAILABLE, "The store cannot be reached or is busy. Try again later."


def because(error: BaseException | None) -> str:
    """Continue a message with the reason for it.

    Args:
        error: What the database's driver or the operating system raised.

    Returns:
        The reason, with what stands before and after it.
    """
    if is_out_of_space(error):
        return f". {NO_SPACE}"
    if isinstance(error, OSError):
        return f": {error.strerror}. {_WRITABLE}"
    if _is_of(error, *_SQLITE_READ_ONLY):
        return f": {_READ_ONLY}"
    # Messages of libpq have several lines, and can end with a question.
    reason = " ".join(str(error).split())
    return f": {reason}{'' if reason.endswith(('.', '?')) else '.'}"


def _is_of(error: BaseException | None, codes: tuple[int, ...], texts: tuple[str, ...]) -> bool:
    if type(error).__module__ != "sqlite3":
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return any(text in str(error) for text in texts) if code is None else code & _SQLITE_PRIMARY in codes
