# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of an import: what came over, what was changed, and what could not be brought over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..objects import Document
from .objects import KINDS

MOST = 100
"""The maximum number of problems, notes and other entries that are listed. All of them are counted."""
READ = "read"
OUTCOMES = ("new", "unchanged", "replaced", "kept")
_NAMES = {
    "assistant": "assistants",
    "thread": "threads",
    "thread.message": "messages",
    "thread.run": "runs",
    "thread.run.step": "steps",
}


class Problem(Exception):
    """Something that cannot be imported.

    Args:
        code: The error code for programs.
        message: The problem.
        data: Further keys for the report: ``object``, ``id``, ``thread_id``, ``source``.
    """

    def __init__(self, code: str, message: str, **data: str | None) -> None:
        super().__init__(message)
        self.entry: Document = {
            "code": code,
            "message": message,
            **{name: value for name, value in data.items() if value is not None},
        }


@dataclass
class Entries:
    """A list of which only the beginning is kept."""

    count: int = 0
    listed: list[Any] = field(default_factory=list)

    def add(self, entry: Any) -> None:
        """Add an entry."""
        self.count += 1
        if len(self.listed) < MOST:
            self.listed.append(entry)


@dataclass
class Report:
    """The report of an import.

    Attributes:
        counts: The numbers of objects, by kind and outcome.
        problems: What could not be imported. The import has failed if there is a problem.
        notes: Objects that were changed.
        missing: What the source did not have any more, such as deleted threads.
        new: The ids of new assistants and threads.
    """

    is_dry: bool = False
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: Entries = field(default_factory=Entries)
    notes: Entries = field(default_factory=Entries)
    missing: Entries = field(default_factory=Entries)
    new: dict[str, Entries] = field(default_factory=lambda: {"assistant": Entries(), "thread": Entries()})

    def document(self, files: list[Document], file_count: int, guessed: int) -> Document:
        """Return the report as a JSON object.

        Args:
            files: The used files and vector stores, at most `MOST`.
            file_count: The number of all of them.
            guessed: The number of pages whose order is not visible.
        """
        kinds = {_NAMES[kind]: {each: self.counts[kind, each] for each in (READ, *OUTCOMES)} for kind in KINDS}
        for each in kinds.values():
            each["failed"] = max(each[READ] - sum(each[outcome] for outcome in OUTCOMES), 0)
        document = {
            "object": "import",
            "dry_run": self.is_dry,
            "changed": any(self.counts[kind, each] for kind in KINDS for each in ("new", "replaced")),
            "failed": bool(self.problems.count),
            **kinds,
            "new_ids": {_NAMES[kind]: entries.listed for kind, entries in self.new.items()},
            "pages_of_unknown_order": guessed,
        }
        for name, entries in (("problems", self.problems), ("notes", self.notes), ("missing", self.missing)):
            document |= {name: entries.listed, f"{name}_count": entries.count}
        return {**document, "files": files, "files_count": file_count}


def lines_of(report: Document) -> Iterator[str]:
    """Yield the lines of a report for people.

    Args:
        report: The report as a JSON object.
    """
    verb = "would be" if report["dry_run"] else "were"
    for name in _NAMES.values():
        counts = report[name]
        if counts["read"]:
            parts = [f"{counts[each]} {each}" for each in (*OUTCOMES, "failed") if counts[each]]
            yield f"{name}: {counts['read']} read; {', '.join(parts) or 'none'} ({verb} imported: {counts['new']})"
    for title, name in (
        ("Not imported", "problems"),
        ("Changed", "notes"),
        ("Missing in the source", "missing"),
        ("Files and vector stores that stay on their model server", "files"),
    ):
        if report[f"{name}_count"]:
            yield f"{title}: {report[f'{name}_count']}"
            yield from (f"  {_line(entry)}" for entry in report[name])
            if report[f"{name}_count"] > len(report[name]):
                yield f"  ... and {report[f'{name}_count'] - len(report[name])} more"
    if report["pages_of_unknown_order"]:
        yield (
            f"The order of {report['pages_of_unknown_order']} pages is not visible, because all of their objects were "
            "created in the same second. List pages were read as newest first, other files as oldest first."
        )


def _line(entry: Document) -> str:
    if "used_by" in entry:
        return f"{entry['id']}{' (' + entry['name'] + ')' if entry['name'] else ''}, used by {entry['used_by']}"
    place = " ".join(str(entry[name]) for name in ("source", "object", "id") if entry.get(name))
    return f"{place}: {entry['message']}" if place else str(entry["message"])
