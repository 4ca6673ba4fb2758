# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m threadworks_runtime COMMAND``. Other modules are only imported by the selected command."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

_USAGE = """\
usage: python -m threadworks_runtime serve|work|import|export [--help] | local
  serve   serve the runtime over HTTP
  work    execute runs of a PostgreSQL store, without serving
  import  import assistants and threads into a store
  export  export assistants and threads from a store
  local   serve it over a Unix socket; started by the collection's plugins, configured on standard input"""


def main() -> None:
    """Run the command of the command line.

    Raises:
        SystemExit: Always.
    """
    command, *arguments = sys.argv[1:] or ["--help"]
    if command in _COMMANDS:
        _run(_COMMANDS[command], arguments)
    elif command == "local":
        from .local import main as local

        local()
    else:
        sys.exit(_USAGE)


def _run(find: Callable[[], Callable[[list[str]], None]], arguments: list[str]) -> None:
    from .libraries import REQUIREMENTS, missing, too_old

    try:
        reason = missing() or too_old()
        if reason is None:
            find()(arguments)
            sys.exit()
    except ImportError as error:
        reason = str(error)
    except KeyboardInterrupt:  # before the command handles the signal
        sys.exit(128 + signal.SIGINT)
    import shlex  # only needed for this error

    install = shlex.join([sys.executable, "-m", "pip", "install", "-r", str(REQUIREMENTS)])
    sys.exit(f"The runtime cannot be started: {reason}. Run: {install}")


def _serve() -> Callable[[list[str]], None]:
    from .serve import main as serve

    return serve


def _work() -> Callable[[list[str]], None]:
    from .work import main as work

    return work


def _import() -> Callable[[list[str]], None]:
    from .transfer.command import import_main

    return import_main


def _export() -> Callable[[list[str]], None]:
    from .transfer.command import export_main

    return export_main


_COMMANDS = {"serve": _serve, "work": _work, "import": _import, "export": _export}

if __name__ == "__main__":
    main()
