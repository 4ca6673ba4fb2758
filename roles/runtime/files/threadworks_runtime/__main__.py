# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m threadworks_runtime serve|local``. Other modules are only imported by the selected command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command of the command line.

    Raises:
        SystemExit: Always.
    """
    command, *arguments = sys.argv[1:] or ["--help"]
    if command == "serve":
        _serve(arguments)
    elif command == "local":
        from .local import main as local

        local()
    else:
        sys.exit(
            "usage: python -m threadworks_runtime serve [--help] | local\n"
            "  serve   serve the runtime over HTTP\n"
            "  local   serve it over a Unix socket; started by the collection's plugins, configured on standard input"
        )


def _serve(arguments: list[str]) -> None:
    from .libraries import REQUIREMENTS, missing, too_old

    reason = missing() or too_old()
    try:
        if reason is None:
            from .serve import main as serve

            serve(arguments)
            sys.exit()
    except ImportError as error:
        reason = str(error)
    sys.exit(f"The runtime cannot be started: {reason}. Run: {sys.executable} -m pip install -r {REQUIREMENTS}")


if __name__ == "__main__":
    main()
