# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Server-sent events, read as they arrive (https://html.spec.whatwg.org/multipage/server-sent-events.html).

from __future__ import annotations

import json
import typing as t

from ._client import is_new
from ._errors import Unanswered
from ._http import LARGEST, Failed, Response


class StreamEvent(t.NamedTuple):
    """An event of a run's stream (Assistants wire, section 11); the name "" stands for a comment without data."""

    name: str
    data: dict[str, t.Any]


_SIGN_OF_LIFE = StreamEvent("", {})


class EventStream:
    """The events of a stream.

    There is at least an empty event for all received data, so that the caller can check the time.

    Args:
        response: The answer to a request for a stream.
        parse: Parses the JSON object of the body if the server does not stream.
    """

    def __init__(self, response: Response, parse: t.Callable[[Response], dict[str, t.Any]]) -> None:
        self._response = response
        self._parse = parse

    @property
    def is_stream(self) -> bool:
        """Whether the server streams. Otherwise it returns the run itself."""
        return self._response.kind == "text/event-stream"

    @property
    def is_new(self) -> bool:
        """Whether the request has created the run. Otherwise, an earlier request with the same idempotency key has."""
        return is_new(self._response)

    def run(self) -> dict[str, t.Any]:
        """Return the run from a server that does not stream."""
        return self._parse(self._response)

    def __iter__(self) -> t.Iterator[StreamEvent]:
        parser = Parser()
        try:
            for piece in self._response.pieces():
                complete = False
                for name, data in parser.feed(piece):
                    if name == "done" or data.startswith("[DONE]"):
                        return
                    complete = True
                    yield _event(name, data)
                if not complete:
                    yield _SIGN_OF_LIFE
        except Failed as failed:
            raise Unanswered(f"The stream was interrupted: {failed.reason}.") from None
        finally:
            self._response.close()


class RunWithoutEvents(EventStream):
    """The answer of a server that does not stream: only the run.

    Args:
        run: The run.
    """

    is_stream = False
    is_new = True

    def __init__(self, run: dict[str, t.Any]) -> None:
        self._run = run

    def run(self) -> dict[str, t.Any]:
        """Return the run."""
        return self._run


def _event(name: str, data: str) -> StreamEvent:
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        raise Unanswered(f"The stream was interrupted: the data of an event '{name[:64]}' is not JSON.") from None
    return StreamEvent(name, parsed if isinstance(parsed, dict) else {"message": str(parsed)})


class Parser:
    """Parses the events of a stream from pieces of any size."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # parts of the incomplete line
        self._name = ""
        self._data: list[str] = []
        self._size = 0
        self._begun = False

    def feed(self, piece: bytes) -> t.Iterator[tuple[str, str]]:
        """Yield the name and the data of each event that this piece completes.

        Raises:
            Failed: The request or its answer did not arrive.
        """
        self._size += len(piece)
        if self._size > LARGEST:
            raise Failed(f"an event is longer than {LARGEST} bytes", answered=True)
        for line in self._lines(piece):
            if line:
                self._take(line)
                continue
            if self._data:
                yield self._name, "\n".join(self._data)
            self._name, self._data, self._size = "", [], 0

    def _lines(self, piece: bytes) -> list[str]:
        """Return the lines that this piece completes. They end with CRLF, LF or CR."""
        half = bool(self._parts) and self._parts[-1].endswith(b"\r")
        self._parts.append(piece)
        if not half and b"\n" not in piece and b"\r" not in piece:
            # A long line may arrive in many pieces. They are joined once.
            return []
        text = b"".join(self._parts)
        # A CR at the end may be half of a CRLF. The next piece decides.
        held = text[-1:] if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._parts = [rest + held]
        return [line.decode(errors="replace") for line in lines]

    def _take(self, line: str) -> None:
        if not self._begun:
            line = line.removeprefix("\ufeff")
            self._begun = True
        field, _colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
