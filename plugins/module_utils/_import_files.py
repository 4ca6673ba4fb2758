# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The files of an import as lines. Each file with one JSON document becomes one line.

from __future__ import annotations

import json
import os
import stat
import typing as t

from ._errors import TaskError

_LINES = (".jsonl", ".ndjson")
_ENDS = (".json", *_LINES)
_PIECE = 1 << 16
_LONGEST_START = 1 << 20
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def read_files(path: str) -> t.Iterator[bytes]:
    """Yield the lines of a file, or of all files with JSON in a directory, in pieces.

    Args:
        path: The file or directory. Links in the directory are not followed.

    Raises:
        TaskError: A file cannot be read, is a link, or there is none.
    """
    root = os.path.realpath(path)
    found = False
    for file in _walk(root) if os.path.isdir(root) else [root]:
        found = True
        name = os.path.relpath(file, root) if file != root else os.path.basename(file)
        yield json.dumps({"object": "threadworks.file", "name": name}).encode() + b"\n"
        yield from _lines(file)
        yield b"\n"
    if not found:
        raise TaskError(f"src: {path} has no files that end in {', '.join(_ENDS)}.")


def _walk(folder: str) -> t.Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise _unusable(folder, error) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            raise TaskError(f"src: {entry.path} is a link, and links are not followed. Replace it with a copy.")
        if entry.is_dir():
            yield from _walk(entry.path)
        elif entry.name.endswith(_ENDS):
            yield entry.path


def _lines(file: str) -> t.Iterator[bytes]:
    try:
        # A pipe would block.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise TaskError(f"src: {file} is not a file.")
            # A line end is white space in JSON, because strings escape it.
            is_document = not file.endswith(_LINES) and _is_document(stream)
            while piece := stream.read(_PIECE):
                yield piece.translate(_ONE_LINE) if is_document else piece
    except OSError as error:
        raise _unusable(file, error) from error


def _is_document(stream: t.BinaryIO) -> bool:
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


def _unusable(file: str, error: OSError) -> TaskError:
    return TaskError(f"src: {file} cannot be read: {error.strerror}.")
