# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that checks values, with limits of its own: ``python -m threadworks_runtime.json_schema.worker``.

A schema can be written such that checking a value takes ages, or exhausts the stack. Neither may stop the runtime.
"""

from __future__ import annotations

import json
import resource
import sys

from .rules import Unusable, compiled, problem

#: Seconds of computing, for all values together.
SECONDS = 5
_MEMORY = 2 * 1024**3  # bytes


def main() -> None:
    """Read schemas and values from standard input; write for each value what is wrong with it, or null."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    given = json.load(sys.stdin)
    validators = {}
    for number, value in given["values"]:
        try:
            if number not in validators:
                validators[number] = compiled(given["schemas"][number])
            found = problem(validators[number], value)
        except Unusable as unusable:
            found = f"the schema itself cannot be used: {unusable}"
        # Each at once: what is known when the time is over is not lost.
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
