# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that validates: ``python -m threadworks_runtime.json_schema.worker schemas|values SECONDS``.

The process has its own limits. A malicious schema can make validation very slow, or exhaust the memory or the stack.
This must not affect the runtime.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

from .rules import Unusable, compiled, problem

_MEMORY = 1024**3  # bytes


def main(what: str, seconds: int) -> None:
    """Read schemas and values from standard input, and write the problem of each schema or value.

    Args:
        what: What to validate, ``schemas`` or ``values``.
        seconds: The limit of CPU time.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    given = json.load(sys.stdin)
    for found in _schemas(given["schemas"]) if what == "schemas" else _values(given["schemas"], given["values"]):
        # Write each result immediately, so that results are not lost at the timeout.
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()


def _schemas(schemas: list[dict[str, Any]]) -> Iterator[dict[str, Any] | None]:
    for schema in schemas:
        try:
            compiled(schema)
            yield None
        except Unusable as unusable:
            yield {"path": unusable.path, "reason": unusable.reason}


def _values(schemas: list[dict[str, Any]], values: list[tuple[int, Any]]) -> Iterator[str | None]:
    validators = {}
    for number, value in values:
        try:
            if number not in validators:
                validators[number] = compiled(schemas[number])
            yield problem(validators[number], value)
        except Unusable as unusable:
            yield f"the schema itself cannot be used: {unusable}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
