# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The path of the local runtime's socket. Each user, store, version and network environment has its own.

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import typing as t

from ..module_utils._errors import TaskError
from ..module_utils._version import VERSION

_NAME = "threadworks.openai"
# The lowest limit of all platforms for the path of a socket is 104 bytes. The runtime creates its socket with a
# temporary name: this name, a dot and its process id.
_LONGEST = 103
_SUFFIX = len("/0123456789abcdef.sock.4194304")
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def network_environment(environment: t.Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for connections to model servers, databases and OpenTelemetry."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if name.upper() in _VARIABLES or name in _CERTIFICATES or name.startswith(("PG", "OTEL_"))
    }


def socket_path(store: str, network: dict[str, str]) -> str:
    """Return the path of a runtime's socket, and create its directory if it is missing.

    Args:
        store: An absolute path or a URL.
        network: The network environment.

    Raises:
        TaskError: The directory cannot be used.
    """
    identity = json.dumps([store, VERSION, network])
    return os.path.join(usable(folders()[0]), f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.sock")


def folders() -> list[str]:
    """Return the directories for sockets of this user, starting with the one for new sockets."""
    # Another user can create this directory first. It is only used if it belongs to this user: see `usable`.
    found = [f"/tmp/{_NAME}-{os.geteuid()}"]  # noqa: S108
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(session) and len(os.fsencode(session)) + 1 + len(_NAME) + _SUFFIX <= _LONGEST:
        with contextlib.suppress(OSError):
            if os.stat(session).st_uid == os.geteuid():
                found.insert(0, os.path.join(session, _NAME))
    return found


def usable(folder: str, make: bool = True) -> str:
    """Return the directory if only this user can access it.

    Args:
        folder: The directory.
        make: Whether to create it if it is missing.

    Raises:
        TaskError: Other users can access it, or it cannot be created.
        FileNotFoundError: It is missing and must not be created.
    """
    remedy = (
        "Remove it, or set the environment variable XDG_RUNTIME_DIR to one of your own directories with a short path."
    )
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        if not make:
            raise
        found = _made(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise TaskError(f"{folder}, the path for the socket of the local runtime, is not a directory. {remedy}")
    if found.st_uid != os.geteuid():
        raise TaskError(
            f"The directory {folder} for the socket of the local runtime belongs to another user (user id "
            f"{found.st_uid}), who could listen there. {remedy}"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise TaskError(
            f"The directory {folder} for the socket of the local runtime is accessible to other users (mode "
            f"{stat.S_IMODE(found.st_mode):04o}). Run: chmod 700 {folder}"
        )
    return folder


def _made(folder: str) -> os.stat_result:
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        return os.lstat(folder)
    except OSError as error:
        raise TaskError(
            f"The directory {folder} for the socket of the local runtime cannot be created: {error.strerror}. Set "
            "the environment variable XDG_RUNTIME_DIR to one of your own directories with a short path."
        ) from None
