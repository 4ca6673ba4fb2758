# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert the raw Responses events of a server to events of a run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from .arguments import find_problems
from .capabilities import check_answer, incomplete_reason
from .errors import ModelError, not_understood
from .events import AnswerEvent, AnswerFinished, ToolCallFinished
from .formats import check_format
from .output_reader import OutputReader
from .parts import Malformed
from .raw_events import WHOLE
from .secrets import Secrets
from .types import NO_USAGE, Json, ResponseRequest, ToolCall
from .usage import read_reported, read_usage

_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", WHOLE)


async def read_answer(
    batches: AsyncGenerator[list[Json], None], request: ResponseRequest, secrets: Secrets | None = None
) -> AsyncGenerator[list[AnswerEvent], None]:
    """Read one answer to its end.

    Args:
        batches: The raw events, from `ModelServer.respond`.
        request: The request that they answer.
        secrets: The values to hide, even if they are split between pieces of a text.

    Yields:
        The new events.

    Raises:
        ModelError: The answer failed or was interrupted, or the server ignored an option of the request.
    """
    reader = OutputReader(request.get("tools", []), secrets or Secrets())
    calls: list[ToolCall] = []
    async with aclosing(batches):
        async for batch in batches:
            last: Json | None = None
            failure: ModelError | None = None
            finished: list[AnswerEvent] = []
            try:
                last = _read(reader, batch)
            except ModelError as error:
                failure = error
            events = reader.take()
            calls += [event.call for event in events if isinstance(event, ToolCallFinished)]
            if last is not None:
                try:
                    # With the last events, because everything that is reported together is stored at once.
                    finished = [await _checked(last, reader, calls, request)]
                except ModelError as error:
                    failure = error
            if events or finished:
                # Report the events before the failure first.
                yield [*events, *finished]
            if failure is not None:
                raise failure
            if finished:
                return
    raise ModelError("server_error", "The answer of the model server was interrupted before its end.")


def _read(reader: OutputReader, batch: list[Json]) -> Json | None:
    """Read events, and return the response at their end, if any.

    Raises:
        ModelError: One of them reports an error or is malformed.
    """
    kind: object = None
    try:
        for raw in batch:
            kind = raw.get("type")
            if kind in _ENDS:
                response: Json = raw["response"]
                reader.end(response)
                return response
            reader.read(raw)
    except KeyError as error:
        raise not_understood(f"{error} is missing in an event {kind}") from error
    except Malformed as error:
        raise not_understood(f"{error} in an event {kind}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise not_understood(f"an event {kind} does not have the format of the Responses API") from error
    return None


async def _checked(
    response: Json, reader: OutputReader, calls: list[ToolCall], request: ResponseRequest
) -> AnswerFinished:
    """Check a complete answer against its request."""
    try:
        return await _check(response, reader.output(response), calls, request)
    except KeyError as error:
        raise not_understood(f"{error} is missing in the response") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise not_understood("the response does not have the structure of the Responses API") from error


async def _check(response: Json, output: list[Json], calls: list[ToolCall], request: ResponseRequest) -> AnswerFinished:
    usage = read_usage(response)
    reason = incomplete_reason(response, usage, request)
    warnings: list[str] = []
    problems: dict[str, str | None] = {}
    if reason is None:
        try:
            warnings = check_answer(response, output, request)
            await check_format(output, request)
            problems = await find_problems(calls, request)
        except ModelError as error:
            error.usage, error.served = usage, read_reported(response)  # the tokens were used nevertheless
            raise
    if usage is None:
        warnings.append("The model server does not report how many tokens it used.")
    return AnswerFinished(reason, usage or NO_USAGE.copy(), output, warnings, problems, read_reported(response))
