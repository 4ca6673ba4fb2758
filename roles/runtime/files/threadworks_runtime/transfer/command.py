# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m threadworks_runtime import|export``: move data into a store, and out of it, without a server."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..errors import NotFound, StoreError
from ..settings import Settings
from ..store import Store, open_store
from ..store.engine import is_missing
from ..wire_errors import ApiError, to_api_error
from .exporting import export_lines
from .files import Unusable, read_files
from .importing import Import, Options
from .merging import Policy
from .objects import Choices
from .options import read_export_options, read_import_options
from .report import lines_of

_TRIES = 3
_PIECE = 1 << 16


def import_main(arguments: Sequence[str]) -> None:
    """Run the command ``import``.

    Args:
        arguments: The arguments after the command.

    Raises:
        SystemExit: Always. The status is 1 if something could not be imported.
    """
    options = read_import_options(arguments)
    chosen = Options(
        is_dry=options.dry_run,
        policy=Policy(options.on_conflict),
        choices=Choices(options.unknown, options.files),
        longest_line=options.max_line,
    )
    with _reporting(), _opened(options.store) as store, contextlib.closing(Import(chosen)) as work:
        _read(work, options)
        _write(work, store, is_dry=options.dry_run)
        report = work.report()
    for line in lines_of(report):
        print(line)  # noqa: T201  # the output of the command
    if options.report:
        with _reporting():
            options.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.exit(1 if report["failed"] else 0)


def export_main(arguments: Sequence[str]) -> None:
    """Run the command ``export``.

    Args:
        arguments: The arguments after the command.

    Raises:
        SystemExit: Always.
    """
    options = read_export_options(arguments)
    with (
        _reporting(),
        _opened(_existing(options.store)) as store,
        _output(options.output) as write,
        store.snapshot() as connection,
    ):
        for lines in export_lines(connection, options.thread_id, assistants=options.assistants):
            write(lines)
    sys.exit()


def _read(work: Import, options: argparse.Namespace) -> None:
    if options.path == Path("-"):
        while piece := sys.stdin.buffer.read(_PIECE):
            work.feed(piece)
    elif options.path:
        for piece in read_files(options.path):
            work.feed(piece)
    else:
        # Slow to import, and files do not need it.
        from .live import Source

        source = Source(options.url, os.environ.get("OPENAI_SOURCE_KEY"), options.api_version)
        with contextlib.closing(source):
            for line in source.lines(_thread_ids(options), runs=not options.no_runs):
                work.feed(line)
    work.finish_reading()


def _thread_ids(options: argparse.Namespace) -> list[str] | None:
    ids = list(options.thread_id or ())
    if options.threads:
        lines = options.threads.read_text(encoding="utf-8").splitlines()
        ids += [id for line in lines if (id := line.strip()) and not id.startswith("#")]
    return ids if options.thread_id or options.threads else None


def _write(work: Import, store: Store, *, is_dry: bool) -> None:
    tries = 0
    while not work.is_done:
        try:
            with store.reading() if is_dry else store.writing() as connection:
                written = work.write(connection)
        except IntegrityError:
            # A runtime has created one of the objects in the meantime.
            tries += 1
            if tries == _TRIES:
                raise
        else:
            tries = 0
            work.accept(written)


@contextlib.contextmanager
def _opened(address: str) -> Iterator[Store]:
    with contextlib.closing(open_store(Settings(store=address))) as store:
        yield store


def _existing(address: str) -> str:
    """Return the address of a store, and refuse one that does not exist. Opening it would create it."""
    if is_missing(address):
        raise StoreError(f"The store {address} does not exist. Check --store.")
    return address


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Open the output. A file is replaced when it is complete, and only its owner can read it."""
    if path is None:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    # A device, such as /dev/null, must not be replaced.
    if path.exists() and not path.is_file():
        raise Unusable(f"{path} is not a regular file. Without --output, the export is written to the standard output.")
    descriptor, unfinished = tempfile.mkstemp(prefix=".export-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream.write
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


@contextlib.contextmanager
def _reporting() -> Iterator[None]:
    """Report the errors that a user can solve."""
    try:
        yield
    except (StoreError, Unusable) as error:
        sys.exit(str(error))
    except (ApiError, NotFound, SQLAlchemyError) as error:
        sys.exit(f"{to_api_error(error).error['message']}")
    except BrokenPipeError:
        # The reader of the output has ended, such as `head`. Python would report it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}.")
