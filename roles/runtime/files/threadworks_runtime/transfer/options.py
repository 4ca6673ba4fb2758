# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines of import and export."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from .importing import Options
from .merging import Policy

_IMPORT = (
    "Import assistants, threads, messages, runs and steps into a store. A thread is imported completely or not at "
)
_IMPORT += "all. If an import is repeated, it changes nothing."
_EXPORT = "Export assistants, threads, messages, runs and steps as JSON lines. Equal stores have equal exports."
_EXAMPLES = """\
examples:
  python -m threadworks_runtime import --store runtime.db export.jsonl
  python -m threadworks_runtime import --store runtime.db --dry-run assistants-export/
  OPENAI_SOURCE_KEY=... python -m threadworks_runtime import --store runtime.db \\
      --from https://example.openai.azure.com/openai --api-version 2024-05-01-preview --threads ids.txt
"""


def read_import_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line of an import.

    Args:
        arguments: The arguments after the command.

    Raises:
        SystemExit: An option is wrong. Its message is printed.
    """
    parser = argparse.ArgumentParser(
        prog="python -m threadworks_runtime import",
        description=_IMPORT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = parser.add_argument
    option(
        "path",
        nargs="?",
        type=Path,
        help="file or directory with objects or list pages of the API (JSON or JSON lines), an export of this runtime, "
        "or an export in the format assistants-thread-export/v1; - for JSON lines on standard input",
    )
    _add_store(parser)
    option(
        "--from",
        dest="url",
        metavar="URL",
        help="server of the Assistants API to import from, instead of files. "
        "Its key is the environment variable OPENAI_SOURCE_KEY",
    )
    option("--api-version", help="API version of the server, which Azure requires")
    option(
        "--thread-id",
        action="append",
        metavar="ID",
        help="thread to import from the server; can be repeated. "
        "Without threads, all are imported if the server can list them",
    )
    option("--threads", type=Path, metavar="FILE", help="file with the ids of threads, one per line")
    option("--no-runs", action="store_true", help="do not import runs and steps from the server")
    option(
        "--on-conflict",
        choices=[policy.value for policy in Policy],
        default=Policy.FAIL.value,
        help="what to do with objects that the store has with another content (default: %(default)s)",
    )
    option(
        "--unknown",
        choices=("fail", "convert"),
        default="fail",
        help="what to do with unknown types of content and tools. "
        "convert: content becomes text, and tools are removed (default: %(default)s)",
    )
    option(
        "--files",
        choices=("keep", "text"),
        default="keep",
        help="keep the ids of files and vector stores, or "
        "replace them with text because they are gone (default: %(default)s)",
    )
    option("--dry-run", action="store_true", help="only report what would be imported")
    option("--report", type=Path, metavar="FILE", help="write the report to this file as JSON")
    option(
        "--max-line",
        type=int,
        default=Options.longest_line,
        metavar="BYTES",
        help="maximum length of a line, or of a file with one JSON document (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if (options.path is None) == (options.url is None):
        parser.error("set either the path of a file or directory, or --from")
    return options


def read_export_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line of an export.

    Args:
        arguments: The arguments after the command.

    Raises:
        SystemExit: An option is wrong. Its message is printed.
    """
    parser = argparse.ArgumentParser(prog="python -m threadworks_runtime export", description=_EXPORT)
    option = parser.add_argument
    _add_store(parser)
    option("--output", type=Path, metavar="FILE", help="file to write (default: standard output)")
    option("--thread-id", action="append", metavar="ID", help="thread to export; can be repeated (default: all)")
    option(
        "--assistants",
        action=argparse.BooleanOptionalAction,
        help="whether to export the assistants (default: only if --thread-id is not set)",
    )
    options = parser.parse_args(arguments)
    if options.assistants is None:
        options.assistants = options.thread_id is None
    return options


def _add_store(parser: argparse.ArgumentParser) -> None:
    store = os.environ.get("OPENAI_RUNTIME_STORE")
    parser.add_argument(
        "--store",
        default=store,
        required=not store,
        help="path of an SQLite file, or SQLAlchemy URL (OPENAI_RUNTIME_STORE)",
    )
