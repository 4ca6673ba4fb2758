# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an import as lines. Each file with one JSON document becomes one line."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .reading import FILE

_DOCUMENTS, _LINES = (".json",), (".jsonl", ".ndjson")
_PIECE = 1 << 16
_LONGEST_START = 1 << 20
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


class Unusable(Exception):
    """A source cannot be read. The message contains the reason and the solution."""


def read_files(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, or of all files with JSON in a directory, in pieces.

    Args:
        path: The file or directory. Links in the directory are not followed.

    Raises:
        Unusable: A file cannot be read, is a link, or there is none.
    """
    root = path.resolve()
    found = False
    for file in _walk(root) if root.is_dir() else [root]:
        found = True
        # A name that is not UTF-8 would not be valid JSON.
        name = (str(file.relative_to(root)) if file != root else file.name).encode(errors="replace").decode()
        yield json.dumps({"object": FILE, "name": name}).encode() + b"\n"
        with _opened(file) as stream:
            # A line end is white space in JSON, because strings escape it.
            is_document = file.suffix not in _LINES and _is_document(stream)
            while piece := stream.read(_PIECE):
                yield piece.translate(_ONE_LINE) if is_document else piece
        yield b"\n"
    if not found:
        raise Unusable(f"{path} has no files that end in {', '.join((*_DOCUMENTS, *_LINES))}.")


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise _unusable(folder, error) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            raise Unusable(f"{entry} is a link, and links are not followed. Replace it with a copy.")
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.suffix in (*_DOCUMENTS, *_LINES):
            yield entry


def _opened(file: Path) -> BinaryIO:
    try:
        # A pipe would block.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _unusable(file, error) from error
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise Unusable(f"{file} is not a file.")
    return stream


def _is_document(stream: BinaryIO) -> bool:
    """Return whether a file has one JSON document in several lines, not one in each line."""
    start = stream.readline(_LONGEST_START)
    stream.seek(0)
    if len(start) == _LONGEST_START:
        return False
    try:
        json.loads(start)
    except (ValueError, RecursionError):
        return True
    return False


def _unusable(file: Path, error: OSError) -> Unusable:
    return Unusable(f"{file} cannot be read: {error.strerror}.")
