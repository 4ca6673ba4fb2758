# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How messages name a store and its trouble: without a secret, and with what to do."""

from __future__ import annotations

import errno

from sqlalchemy import URL, make_url

NO_SPACE = "No space is left where the store is, or its disk fails. Free some space."
_ERRNO = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
# SQLITE_IOERR and SQLITE_FULL. The bits above the lowest eight tell more about the same error.
_SQLITE, _SQLITE_PRIMARY = (10, 13), 0xFF
# Python 3.10 has the texts only.
_SQLITE_TEXTS = ("disk is full", "disk I/O error")
_POSTGRESQL = ("53100", "58030")
# A connection parameter with one of these in its name is a secret: password, sslpassword, passfile and the like.
_SECRET = ("pass", "secret")


def shown(address: str | URL) -> str:
    """Name a store in a message.

    :param address: path or SQLAlchemy URL.
    :return: the path of an SQLite store; another store's URL without its secrets.
    """
    if isinstance(address, str) and "://" not in address:
        return address
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    secrets = [name for name in url.query if any(part in name.lower() for part in _SECRET)]
    return url.difference_update_query(secrets).render_as_string(hide_password=True)


def is_out_of_space(error: BaseException | None) -> bool:
    """Whether a store failed because there is no space, or because its disk fails.

    :param error: what the database's driver or the operating system raised.
    :return: whether more space, or another disk, is the remedy.
    """
    if isinstance(error, OSError):
        return error.errno in _ERRNO
    if (code := getattr(error, "sqlite_errorcode", None)) is not None:
        return code & _SQLITE_PRIMARY in _SQLITE
    if getattr(error, "sqlstate", None) in _POSTGRESQL:
        return True
    return type(error).__module__ == "sqlite3" and any(text in str(error) for text in _SQLITE_TEXTS)


def because(error: BaseException | None) -> str:
    """Continue a message with the reason for it.

    :param error: what the database's driver or the operating system raised.
    :return: the reason, with what stands before and after it.
    """
    if is_out_of_space(error):
        return f". {NO_SPACE}"
    return f": {error.strerror if isinstance(error, OSError) else str(error).strip()}."
