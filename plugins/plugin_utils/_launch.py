# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Starts the process of the local runtime and waits until it is ready.

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
import typing as t
from urllib.parse import unquote, unquote_plus, urlsplit

from ..module_utils._errors import TaskError
from ._libraries import RUNTIME, require_libraries, unusable
from ._turn import StartTimeout

_LAST_WORDS = 4096
# A parameter of a store's URL with one of these in its name is a secret: password, sslpassword, passfile and the like.
_SECRET = ("pass", "secret")
# Variables that the interpreter and its libraries need. The rest of a playbook's environment is not passed on, because
# it may contain keys.
_VARIABLES = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPYCACHEPREFIX",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_RUNTIME_DIR",
)


def launch(configuration: dict[str, t.Any], deadline: float) -> None:
    """Start a runtime, and wait until it answers requests.

    Args:
        configuration: The configuration that it reads from standard input.
        deadline: The time by which it must be ready, on the monotonic clock.

    Raises:
        StartTimeout: It is not ready in time.
        TaskError: The runtime cannot be started. The message says what to do.
    """
    require_libraries()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "threadworks_runtime", "local"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # The package is imported from this directory. The process then changes to another one.
            cwd=RUNTIME,
            env=_environment(),
            # Ctrl+C must not reach it.
            start_new_session=True,
        )
    except OSError as error:
        raise TaskError(f"The local runtime cannot be started: {sys.executable}: {error.strerror}.") from None
    with process:
        try:
            answer, words = _outcome(process, json.dumps(configuration).encode(), deadline)
        finally:
            # It has started a grandchild long ago, unless something is wrong.
            process.kill()
    if answer.get("ready") is True:
        return
    raise _refusal(answer, words, secrets_of(configuration))


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name in _VARIABLES or name.startswith("LC_")}
    if path := os.environ.get("PYTHONPATH"):
        inherited["PYTHONPATH"] = os.pathsep.join(os.path.abspath(folder) for folder in path.split(os.pathsep))
    return inherited


def _outcome(process: subprocess.Popen[bytes], configuration: bytes, deadline: float) -> tuple[dict[str, t.Any], str]:
    """Return the answer of the process, or {} if there is none, and its standard error."""
    pipes = (process.stdin, process.stdout, process.stderr)
    stdin, stdout, stderr = t.cast("tuple[t.IO[bytes], t.IO[bytes], t.IO[bytes]]", pipes)
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.write(configuration)
    began = time.monotonic()
    received = {stdout: b"", stderr: b""}
    with selectors.DefaultSelector() as selector:
        for stream in received:
            selector.register(stream, selectors.EVENT_READ, stream)
        # Both end when the process has answered or has died.
        while selector.get_map():
            ready = selector.select(deadline - time.monotonic())
            if not ready and time.monotonic() >= deadline:
                raise StartTimeout(
                    f"The local runtime was not ready within {deadline - began:.3g} seconds. Check "
                    "whether the machine is overloaded and whether the store (option runtime_store) is reachable. Then "
                    "run the task again."
                )
            for key, _events in ready:
                piece = os.read(key.fd, _LAST_WORDS)
                received[key.data] = (received[key.data] + piece)[-_LAST_WORDS:]
                if not piece:
                    selector.unregister(key.data)
    words = received[stderr].decode(errors="replace").strip()
    try:
        answer = json.loads(received[stdout])
    except ValueError:
        answer = {}
    return (answer if isinstance(answer, dict) else {}), words


def _refusal(answer: dict[str, t.Any], words: str, secrets: set[str]) -> TaskError:
    reason = _without(secrets, str(answer.get("error") or "")).strip()
    words = _without(secrets, words)
    if answer.get("libraries"):
        return unusable(reason.rstrip("."))
    if reason:
        advice = f" Check the option {answer['option']}." if answer.get("option") else ""
        return TaskError(f"The local runtime cannot be started. {reason}{advice}")
    # The last line of a traceback is its message.
    last = words.splitlines()[-1].strip() if words else "it wrote no error message"
    return TaskError(f"The local runtime exited during its start: {last}")


def secrets_of(configuration: dict[str, t.Any]) -> set[str]:
    """Return the passwords in the configuration of a runtime, which must not appear in a message."""
    found: set[str] = set()
    environment = configuration["environment"]
    for text in (configuration["store"], *environment.values()):
        with contextlib.suppress(ValueError):
            parts = urlsplit(text)
            found |= {parts.password or "", unquote(parts.password or "")}
            for pair in parts.query.split("&"):
                name, _equals, value = pair.partition("=")
                if any(part in unquote_plus(name).lower() for part in _SECRET):
                    found |= {value, unquote_plus(value)}
    return found - {""} | {value for name, value in environment.items() if name == "PGPASSWORD" and value}


def _without(secrets: set[str], text: str) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "********")
    return text
