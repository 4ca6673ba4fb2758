# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate schemas and values in another process, so that the validation can be aborted."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

#: The limits of CPU time in seconds, for all schemas or values together. An accepted schema leaves time for its values.
SECONDS = {"schemas": 2, "values": 5}
_NEEDED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
_HOME = Path(__file__).resolve().parents[2]
# The process ends itself after its limit of CPU time. On an overloaded machine, this takes longer by the clock.
_PATIENCE = 12 * max(SECONDS.values())
# As many at the same time as there are processors. Others wait.
_WATCHERS = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="json-schema")


async def problems(schemas: list[dict[str, Any]], values: list[tuple[int, Any]]) -> list[str | None]:
    """Check values against schemas.

    Args:
        schemas: The schemas.
        values: JSON values, each with the number of its schema.

    Returns:
        For each value, where and why it violates its schema, or None. A value that cannot be validated counts as a
        violation.
    """
    if not values:
        return []
    found, why = await ask("values", {"schemas": schemas, "values": values})
    return found + [f"it cannot be validated against its schema: {why}"] * (len(values) - len(found))


async def ask(what: str, given: dict[str, Any]) -> tuple[list[Any], str]:
    """Send a request to the process.

    Args:
        what: What to validate, ``schemas`` or ``values``.
        given: Its input.

    Returns:
        The results in order, as far as there are any, and the reason why further results are missing.
    """
    return await asyncio.get_running_loop().run_in_executor(_WATCHERS, _ask, what, given)


def _ask(what: str, given: dict[str, Any]) -> tuple[list[Any], str]:
    # Only the variables that Python needs, because the environment can contain secrets, such as the password of a
    # proxy.
    environment = {name: value for name, value in os.environ.items() if name in _NEEDED or name.startswith("PYTHON")}
    path = os.pathsep.join(filter(None, [str(_HOME), os.environ.get("PYTHONPATH")]))
    try:
        process = subprocess.run(
            [sys.executable, "-m", f"{__package__}.worker", what, str(SECONDS[what])],
            input=json.dumps(given).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            cwd=_HOME,
            env={**environment, "PYTHONPATH": path},
        )
        output = process.stdout
        why = "validation needs too much time or memory" if process.returncode < 0 else "the validation process failed"
    except subprocess.TimeoutExpired as expired:
        output, why = expired.stdout or b"", "validation takes too long"
    except OSError as error:
        output, why = b"", os.strerror(error.errno) if error.errno else "no validation process can be started"
    return [json.loads(line) for line in output.splitlines(keepends=True) if line.endswith(b"\n")], why
