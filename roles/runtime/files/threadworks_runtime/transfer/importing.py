# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the objects of an import: each thread completely or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection

from ..objects import Document
from ..wire_errors import unavailable
from .merging import Merge, Policy
from .objects import Choices
from .reading import Reader
from .report import Problem, Report
from .staging import Staging

# Objects per transaction. Other writers wait for it.
_AT_ONCE = 1000


@dataclass(frozen=True)
class Options:
    """The options of an import.

    Args:
        is_dry: Only report what the import would change.
        policy: What to do with objects that exist with another content.
        choices: What to do with data that cannot be brought over as it is.
        longest_line: The maximum length of a line in bytes.
    """

    is_dry: bool = False
    policy: Policy = Policy.FAIL
    choices: Choices = field(default_factory=Choices)
    longest_line: int = 32 * 1024 * 1024


@dataclass
class Written:
    """What a transaction has written.

    Attributes:
        through: The number of parts of the import that are done after it.
        counts: The numbers of objects, by kind and outcome.
        problems: The threads that were left out.
        new: The ids of new assistants and threads, each with its kind.
    """

    through: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    new: list[tuple[str, str]] = field(default_factory=list)


@contextlib.contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        message = f"The directory for temporary files cannot be used: {error}. Free some space, or set SQLITE_TMPDIR."
        raise unavailable(message, "temporary_storage_full") from error


class Import:
    """An import: feed it with lines, then write in transactions until nothing is left.

    Attributes:
        is_done: Whether everything has been written.

    Args:
        options: Its options.
    """

    def __init__(self, options: Options) -> None:
        self.is_done = False
        self._options = options
        self._report = Report(is_dry=options.is_dry)
        self._staging = Staging()
        self._reader = Reader(self._staging, self._report, options.choices, options.longest_line)
        # The assistants are the first part, and each thread is a further one.
        self._parts: list[str | None] = []
        self._through = 0

    def feed(self, data: bytes) -> None:
        """Read the next piece of the lines.

        Raises:
            ApiError: 503 if the temporary data cannot be stored.
        """
        with _storing():
            self._reader.feed(data)

    def finish_reading(self) -> None:
        """Read the last line, and prepare to write. If something could not be read, nothing is written.

        Raises:
            ApiError: 503 if the temporary data cannot be stored.
        """
        with _storing():
            self._reader.finish()
            self._staging.finish()
        if self._reader.is_readable:
            self._parts = [None, *self._staging.threads()]
        self.is_done = not self._parts

    def write(self, connection: Connection) -> Written:
        """Write the next parts. If the transaction fails, the same parts can be written again.

        Args:
            connection: A writing transaction. For a dry run, a reading one.

        Returns:
            What was written, for `accept` after the transaction.
        """
        written = Written(self._through)
        for part in self._parts[self._through :]:
            if sum(written.counts.values()) >= _AT_ONCE:
                break
            merge = Merge(connection, self._staging, self._options.policy, is_dry=self._options.is_dry)
            try:
                with connection.begin_nested():
                    if part is None:
                        merge.assistants()
                    else:
                        merge.thread(part)
            except Problem as problem:
                written.problems.append(problem)
            else:
                written.problems += merge.problems
                written.counts += merge.counts
                written.new += merge.new
            written.through += 1
        return written

    def accept(self, written: Written) -> None:
        """Add what a transaction has written to the report, after its commit."""
        self._through = written.through
        self._report.counts += written.counts
        for problem in written.problems:
            self._report.problems.add(problem.entry)
        for kind, id in written.new:
            self._report.new[kind].add(id)
        self.is_done = self._through == len(self._parts)

    def stop(self, problem: Problem) -> None:
        """End an import that cannot go on. What has been written remains, and a repeated import continues there."""
        self._report.problems.add(problem.entry)
        self.is_done = True

    def report(self) -> Document:
        """Return the report as a JSON object."""
        files, count = self._staging.files(100)
        return self._report.document(files, count, self._staging.guessed)

    def close(self) -> None:
        """Delete the temporary data."""
        self._staging.close()
