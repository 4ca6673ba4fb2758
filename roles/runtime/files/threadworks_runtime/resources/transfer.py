# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and export of assistants and threads as lines of JSON (an addition to the API)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from falcon.asgi import Request, Response
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..bodies import client_left
from ..text import shorten
from ..transfer.exporting import export_lines
from ..transfer.importing import Import, Options, Written
from ..transfer.merging import Policy
from ..transfer.objects import Choices
from ..transfer.report import Problem
from ..wire import read_parameter
from ..wire_errors import ApiError, invalid, to_api_error, unavailable
from .context import Context, Resource

_T = TypeVar("_T")
_OFF = "This runtime does not import and export objects, because it was started with --no-transfer."
_AT_ONCE = 4  # imports, and as many exports
# All of it is kept in a file, and the disk is the limit. This is more than any disk has.
_LARGEST = 1 << 50
_SIGN_OF_LIFE = 5.0  # seconds
_TRIES = 3
_PIECE = 1 << 20
_VALUES = {
    "on_conflict": [policy.value for policy in Policy],
    "unknown": ["fail", "convert"],
    "files": ["keep", "text"],
}
_FLAGS = ("true", "false")


class _Places:
    """The places for requests that need much of a process."""

    def __init__(self) -> None:
        self._taken = 0

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Take a place.

        Raises:
            ApiError: 503 if there is none.
        """
        if self._taken >= _AT_ONCE:
            raise unavailable("The runtime is processing other imports or exports. Try again later.", "too_busy")
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class _Transfer(Resource):
    needs_beta = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._places = _Places()

    def _check(self) -> None:
        if not self._context.settings.transfer:
            raise ApiError(404, _OFF, code="transfer_disabled")


class ImportResource(_Transfer):
    """Serves ``/import``."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Import the lines of the body, and respond with the report."""
        self._check()
        options = self._read_options(req)
        resources = contextlib.ExitStack()
        try:
            resources.enter_context(self._places.take())
            thread = ThreadPoolExecutor(1, thread_name_prefix="import")
            resources.callback(thread.shutdown)
            work = Import(options)
            resources.callback(thread.submit, work.close)
            async for piece in req.context.bodies.pieces(req, _LARGEST):
                await _call(thread, work.feed, piece)
            await _call(thread, work.finish_reading)
        except BaseException:
            resources.close()
            raise
        resp.content_type = "application/json"
        resp.stream = self._report(work, options, resources)

    def _read_options(self, req: Request) -> Options:
        chosen = {"on_conflict": "fail", "unknown": "fail", "files": "keep", "dry_run": "false"}
        for name in chosen:
            if name in req.params:
                chosen[name] = _choice(name, read_parameter(req, name), _VALUES.get(name, _FLAGS))
        return Options(
            is_dry=chosen["dry_run"] == "true",
            policy=Policy(chosen["on_conflict"]),
            choices=Choices(chosen["unknown"], chosen["files"]),
            longest_line=self._context.settings.max_body,
        )

    async def _report(
        self, work: Import, options: Options, resources: contextlib.ExitStack
    ) -> AsyncGenerator[bytes, None]:
        """Write everything, and yield the report. Until then, line ends show that the server is alive."""
        writing = asyncio.create_task(self._write(work, options), name="import")
        try:
            while not (await asyncio.wait((writing,), timeout=_SIGN_OF_LIFE))[0]:
                yield b"\n"
            await writing
            yield json.dumps(work.report()).encode()
        finally:
            writing.cancel()
            await asyncio.wait((writing,))
            resources.close()

    async def _write(self, work: Import, options: Options) -> None:
        tries = 0
        while not work.is_done:
            try:
                written = await self._write_next(work, options)
            except IntegrityError as error:
                # Another request has created one of the objects in the meantime.
                tries += 1
                if tries == _TRIES:
                    work.stop(_stopped(error))
            except SQLAlchemyError as error:
                work.stop(_stopped(error))
            else:
                tries = 0
                work.accept(written)

    async def _write_next(self, work: Import, options: Options) -> Written:
        # A function in a transaction cannot be cancelled, and uses the temporary data until it ends.
        act = self._store.read if options.is_dry else self._store.write
        writing = asyncio.ensure_future(act(work.write))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait((writing,))
            raise


class ExportResource(_Transfer):
    """Serves ``/export``."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Respond with the lines of an export."""
        self._check()
        given: Any = req.params.get("thread_id")
        thread_ids = [given] if isinstance(given, str) else given
        flag = read_parameter(req, "assistants") if "assistants" in req.params else str(thread_ids is None).lower()
        assistants = _choice("assistants", flag, _FLAGS) == "true"
        resources = contextlib.ExitStack()
        try:
            resources.enter_context(self._places.take())
            pieces = _Pieces(
                lambda connection: export_lines(connection, thread_ids, assistants=assistants), self._store.snapshot
            )
            resources.callback(pieces.close)
            first = await pieces.next()
        except BaseException:
            await asyncio.to_thread(resources.close)
            raise
        resp.content_type = "application/jsonl"
        resp.set_header("content-disposition", 'attachment; filename="export.jsonl"')
        resp.stream = _until_left(req, first, pieces, resources)


class _Pieces:
    """The lines of an export, read in a thread with one transaction."""

    def __init__(
        self,
        lines: Callable[[Connection], Iterator[bytes]],
        snapshot: Callable[[], contextlib.AbstractContextManager[Connection]],
    ) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="export")
        self._pieces = self._read(lines, snapshot)

    @staticmethod
    def _read(
        lines: Callable[[Connection], Iterator[bytes]],
        snapshot: Callable[[], contextlib.AbstractContextManager[Connection]],
    ) -> Iterator[bytes]:
        gathered = bytearray()
        with snapshot() as connection:
            for several in lines(connection):
                gathered += several
                if len(gathered) >= _PIECE:
                    yield bytes(gathered)
                    gathered.clear()
        if gathered:
            yield bytes(gathered)

    async def next(self) -> bytes:
        """Return the next piece, or nothing at the end."""
        return await _call(self._thread, next, self._pieces, b"")

    def close(self) -> None:
        """End the transaction and the thread."""
        self._thread.submit(self._pieces.close)  # type: ignore[attr-defined]
        self._thread.shutdown()


async def _until_left(
    req: Request, first: bytes, pieces: _Pieces, resources: contextlib.ExitStack
) -> AsyncIterator[bytes]:
    left = asyncio.create_task(client_left(req), name="client")
    piece = first
    try:
        while piece and not left.done():
            yield piece
            piece = await pieces.next()
    finally:
        left.cancel()
        await asyncio.to_thread(resources.close)


async def _call(thread: ThreadPoolExecutor, function: Callable[..., _T], *arguments: Any) -> _T:
    return await asyncio.get_running_loop().run_in_executor(thread, function, *arguments)


def _choice(name: str, value: str, choices: list[str] | tuple[str, ...]) -> str:
    if value not in choices:
        raise invalid(name, f"'{shorten(value)}' is not one of {', '.join(choices)}.")
    return value


def _stopped(error: SQLAlchemyError) -> Problem:
    cause = to_api_error(error).error
    message = f"The import was interrupted: {cause['message']} Repeat it: what has been imported is then unchanged."
    return Problem(cause["code"], message)
