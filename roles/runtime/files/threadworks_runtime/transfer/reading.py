# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the lines of an import, and put the objects in them into the staging database.

A line is an object of the API, a list page, a list, or a thread in the format ``assistants-thread-export/v1``. Further
kinds of lines describe other lines: the name of their file, the header and the end of an export, and what the source
does not have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..bodies import decode
from ..objects import Document
from ..text import shorten
from ..wire_errors import ApiError
from .objects import KINDS, Choices, Thing, read_thing
from .report import READ, Problem, Report
from .staging import Page, Staging

FILE, MISSING = "threadworks.file", "threadworks.missing"
HEADER, FOOTER = "threadworks.export", "threadworks.export.end"
VERSION = 1
_THREAD_EXPORT, _MANIFEST = "assistants-thread-export/v1", "assistants-export-manifest/v1"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A line can be a whole thread.
_MOST_VALUES = 5_000_000


class Reader:
    """Reads the lines of an import.

    A problem of an assistant or of a thread leaves it out. A problem that cannot be attributed to one of them, such as
    a truncated file, stops the whole import before anything is written, so that no thread is imported in part.

    Attributes:
        is_readable: Whether everything could be read.

    Args:
        staging: Receives the objects.
        report: Receives the problems.
        choices: What to do with data that cannot be brought over as it is.
        longest: The maximum length of a line in bytes.
    """

    def __init__(self, staging: Staging, report: Report, choices: Choices, longest: int) -> None:
        self.is_readable = True
        self._staging, self._report, self._choices, self._longest = staging, report, choices, longest
        self._rest = bytearray()
        self._skips = False
        self._file: str | None = None
        self._line = 1
        self._page = 0
        self._export: Counter[str] | None = None

    def feed(self, data: bytes) -> None:
        """Read the next piece of the lines."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._end_line(line)
        self._rest += rest
        self._check_length()

    def finish(self) -> None:
        """Read the last line, which may have no line end."""
        if self._rest or self._skips:
            self._end_line(b"")
        self._end_file()

    def _end_line(self, last: bytes) -> None:
        self._rest += last
        self._check_length()
        line, self._rest = bytes(self._rest), bytearray()
        skips, self._skips = self._skips, False
        if not skips:
            self._read_line(line.removeprefix(_BYTE_ORDER_MARK) if self._line == 1 else line)
        self._line += 1

    def _check_length(self) -> None:
        if len(self._rest) > self._longest and not self._skips:
            self._unreadable(f"The line is too long: at most {self._longest} bytes are accepted.", "line_too_long")
            self._skips = True
        if self._skips:
            self._rest.clear()

    def _read_line(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            value = decode(line, _MOST_VALUES)
        except ApiError as error:
            what = error.error["message"].removeprefix("The body of your request is ").removeprefix("The body ")
            self._unreadable(f"The line is not readable: {what}", error.error["code"])
            return
        kind = value.get("object") if isinstance(value, dict) else None
        if kind == FILE:
            self._end_file()
            self._file, self._line = str(value.get("name")), 0
            self._page += 1
        elif kind == MISSING:
            self._report.missing.add({"object": "thread", "id": value.get("id"), "message": str(value.get("message"))})
        elif kind == HEADER:
            self._begin_export(value)
        elif kind == FOOTER:
            self._end_export(value)
        else:
            self._read_value(value)

    def _begin_export(self, header: Document) -> None:
        self._end_file()
        if header.get("version") != VERSION:
            self._unreadable("This export was written by a newer version. Upgrade the collection.", "newer_export")
        self._export = Counter()
        self._page += 1

    def _end_export(self, footer: Document) -> None:
        expected = {name: footer.get(name) for name in KINDS}
        found = {name: (self._export or Counter())[name] for name in KINDS}
        if expected != found:
            self._unreadable(f"The export has lost lines: it had {expected}, and has {found}. {_REMEDY}", "lost_lines")
        self._export = None

    def _end_file(self) -> None:
        if self._export is not None:
            self._unreadable(f"The export ends early: its last line is missing. {_REMEDY}", "truncated_export")
        self._export = None

    def _read_value(self, value: Any) -> None:
        """Read a line that is not about other lines."""
        if isinstance(value, list):
            self._read_page(value, is_list=False)
        elif not isinstance(value, dict):
            self._unreadable("The line is neither an object nor a list.", "not_an_object")
        elif value.get("export_schema") == _THREAD_EXPORT:
            self._read_thread_export(value)
        elif value.get("export_schema") == _MANIFEST:
            self._read_manifest(value)
        elif value.get("object") == "list" and isinstance(value.get("data"), list):
            self._read_page(value["data"], is_list=True)
        else:
            if self._export is not None and isinstance(value.get("object"), str):
                self._export[value["object"]] += 1
            page = Page(self._page, is_ordered=self._export is not None)
            self._add(value, page, self._place())

    def _read_page(self, data: list[Any], *, is_list: bool) -> None:
        self._page += 1
        page = Page(self._page, is_ordered=False, is_list=is_list)
        for number, document in enumerate(data):
            self._add(document, page, f"{self._place()}[{number}]")

    def _read_thread_export(self, value: Document) -> None:
        self._page += 1
        thread_id = value.get("thread_id")
        for error in _dictionaries(value.get("errors")):
            message = f"{error.get('error')}: {shorten(str(error.get('detail')))}"
            missing = {"object": error.get("object"), "id": error.get("id"), "message": message}
            self._report.missing.add({**missing, "source": self._place()})
        for id, file in (value.get("files") or {}).items() if isinstance(value.get("files"), dict) else ():
            if isinstance(file, dict) and isinstance(file.get("filename"), str):
                self._staging.add_file(id, name=file["filename"])
        if value.get("thread") is None:
            return
        # The times of the threads show their order, which the names of their files do not.
        self._add(value["thread"], Page(self._page, is_ordered=False), f"{self._place()} thread")
        page = Page(self._page, is_ordered=True)
        for name, kind, document in _of_thread_export(value):
            known = {"object": kind, "thread_id": thread_id, **document} if isinstance(document, dict) else document
            self._add(known, page, f"{self._place()} {name}")

    def _read_manifest(self, value: Document) -> None:
        for failed in _list(value.get("threads_failed")):
            id = failed if isinstance(failed, str) else failed.get("thread_id") if isinstance(failed, dict) else None
            missing = {"object": "thread", "id": id, "message": "could not be exported from the source"}
            self._report.missing.add({**missing, "source": self._place()})

    def _add(self, document: Any, page: Page, source: str) -> None:
        kind = document.get("object") if isinstance(document, dict) else None
        if kind == "file" and isinstance(document.get("id"), str):
            name = document.get("filename")
            self._staging.add_file(document["id"], name=name if isinstance(name, str) else None)
            return
        if not isinstance(kind, str) or kind not in KINDS:
            known = ", ".join(KINDS)
            what = f"its field 'object' is {shorten(str(kind))}" if kind else "it is not an object of the API"
            self._unreadable(f"This cannot be imported: {what}. Known objects: {known}.", "unknown_object", source)
            return
        self._report.counts[kind, READ] += 1
        try:
            thing = read_thing(document, self._choices)
            self._stage(thing, page, source)
        except ApiError as error:
            self._refuse(document, Problem(error.error["code"], error.error["message"], **_identity(document, source)))
        except Problem as problem:
            self._refuse(document, problem)

    def _stage(self, thing: Thing, page: Page, source: str) -> None:
        other = self._staging.add(thing, page, source)
        if other is not None:
            if (other.document, other.private) != (thing.document, thing.private):
                if other.thread_id is None:
                    self._staging.refuse_assistant(other.document["id"])
                else:
                    self._staging.refuse(other.thread_id)
                message = f"The source has two different objects with the id '{thing.document['id']}'."
                raise Problem("duplicate_id", message, **_identity(thing.document, source))
            self._report.counts[thing.kind, READ] -= 1
            return
        for note in thing.notes:
            self._report.notes.add({**_identity(thing.document, source), "message": note})
        for id in thing.files:
            self._staging.add_file(id, used_by=thing.document["id"])

    def _refuse(self, document: Document, problem: Problem) -> None:
        """Leave out the assistant or the thread of an object with a problem."""
        self._report.problems.add(problem.entry)
        thread_id = document.get("id") if document["object"] == "thread" else document.get("thread_id")
        if document["object"] == "assistant":
            return
        if isinstance(thread_id, str):
            self._staging.refuse(thread_id)
        else:
            self.is_readable = False

    def _unreadable(self, message: str, code: str, source: str | None = None) -> None:
        self.is_readable = False
        self._report.problems.add(Problem(code, message, source=source or self._place()).entry)

    def _place(self) -> str:
        return f"{self._file}:{self._line}" if self._file else f"line {self._line}"


_REMEDY = "To import the rest, remove its first line, which makes it an ordinary file of objects."


def _of_thread_export(value: Document) -> Iterator[tuple[str, str, Any]]:
    """Yield the objects in a thread of the format v1, each with its place and its kind."""
    for number, message in enumerate(_list(value.get("messages"))):
        yield f"messages[{number}]", "thread.message", message
    for number, run in enumerate(_list(value.get("runs"))):
        name = f"runs[{number}]"
        steps = _list(run.get("steps")) if isinstance(run, dict) else []
        shown = {key: item for key, item in run.items() if key != "steps"} if isinstance(run, dict) else run
        yield name, "thread.run", shown
        for place, step in enumerate(steps):
            yield f"{name}.steps[{place}]", "thread.run.step", step


def _list(value: Any) -> list[Any]:
    """Return a list of the format v1. Anything else is one object, which is then refused."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _dictionaries(value: Any) -> list[Document]:
    return [each for each in _list(value) if isinstance(each, dict)]


def _identity(document: Document, source: str) -> dict[str, str | None]:
    found = {name: document.get(name) for name in ("object", "id", "thread_id")}
    texts = {name: shorten(value) if isinstance(value, str) else None for name, value in found.items()}
    return {**texts, "source": source}
