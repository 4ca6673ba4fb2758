# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checking schemas and values in another process, so that it can be ended."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .worker import SECONDS

_NEEDED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
_HOME = Path(__file__).resolve().parents[2]
# The process ends itself after its seconds of computing; on a machine that is overloaded it has more of the clock's.
_PATIENCE = 12 * max(SECONDS.values())
# As many at once as there are processors; the others wait.
_WATCHERS = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="json-schema")


async def problems(schemas: list[dict[str, Any]], values: list[tuple[int, Any]]) -> list[str | None]:
    """Check values against schemas.

    Args:
        schemas: The schemas.
        values: JSON values, each with the number of its schema.

    Returns:
        For each value where and why it breaks its schema, or ``None``. One that could not be checked breaks it.
    """
    if not values:
        return []
    found, why = await ask("values", {"schemas": schemas, "values": values})
    return found + [f"it cannot be checked against its schema: {why}"] * (len(values) - len(found))


async def ask(what: str, given: dict[str, Any]) -> tuple[list[Any], str]:
    """Ask the process.

    Args:
        what: What it checks, ``schemas`` or ``values``.
        given: Its input.

    Returns:
        What it has found of each as far as it got, and why it got no further.
    """
    return await asyncio.get_running_loop().run_in_executor(_WATCHERS, _ask, what, given)


def _ask(what: str, given: dict[str, Any]) -> tuple[list[Any], str]:
    # What Python needs, and no more: there are secrets in the environment, such as the password of a proxy.
    environment = {name: value for name, value in os.environ.items() if name in _NEEDED or name.startswith("PYTHON")}
    path = os.pathsep.join(filter(None, [str(_HOME), os.environ.get("PYTHONPATH")]))
    try:
        process = subprocess.run(
            [sys.executable, "-m", f"{__package__}.worker", what],
            input=json.dumps(given).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            cwd=_HOME,
            env={**environment, "PYTHONPATH": path},
        )
        told = process.stdout
        why = "it needs too much time or memory" if process.returncode < 0 else "the process that does so has failed"
    except subprocess.TimeoutExpired as expired:
        told, why = expired.stdout or b"", "it takes too long"
    except OSError as error:
        told, why = b"", os.strerror(error.errno) if error.errno else "no process can be started"
    return [json.loads(line) for line in told.splitlines(keepends=True) if line.endswith(b"\n")], why
