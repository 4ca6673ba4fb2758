# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read requests and create responses of the API (Assistants wire, sections 9 to 11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from falcon.asgi import Request

from .schemas.base import Body, parse
from .status import RunStatus
from .store.all_runs import RunFilter
from .store.rows import Page
from .text import shorten
from .wire_errors import invalid

INCLUDE = "include[]"
FILE_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
WITH_MESSAGES = "messages"
WITH_DETAILS = "details"
_PAIR = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_MOST_PAIRS = 16  # the maximum per object. Each pair adds a condition to the query of the store


async def read_body(req: Request, schema: type[Body]) -> dict[str, Any]:
    """Read and validate the body of a request. An empty body is an empty object, with any content type.

    Args:
        req: The request.
        schema: The model of the body.

    Returns:
        The fields in the request.

    Raises:
        ApiError: 400, 413, 415 or 503.
    """
    return parse(schema, await req.context.bodies.read(req))


def read_page(req: Request, *, metadata: bool = True) -> Page:
    """Read the query of a list request. Unknown parameters are ignored.

    Args:
        req: The request.
        metadata: Whether the list supports the filter ``metadata[key]=value`` (an addition of the runtime).

    Returns:
        The requested part of the list.

    Raises:
        ApiError: 400 for the first invalid parameter.
    """
    query: dict[str, Any] = {"metadata": {}}
    for name in req.params:
        pair = _PAIR.fullmatch(name) if metadata else None
        if pair:
            query["metadata"][pair[1]] = read_parameter(req, name)
        elif name in ("limit", "order", "after", "before"):
            query[name] = read_parameter(req, name)
    if len(query["metadata"]) > _MOST_PAIRS:
        raise invalid("metadata", f"at most {_MOST_PAIRS} pairs are accepted.")
    if "limit" in query:
        if not re.fullmatch("[0-9]{1,3}", query["limit"]) or not 1 <= int(query["limit"]) <= 100:
            raise invalid("limit", "an integer from 1 to 100 is expected.")
        query["limit"] = int(query["limit"])
    if query.get("order", "asc") not in ("asc", "desc"):
        raise invalid("order", "'asc' or 'desc' is expected.")
    return Page(**query)


def read_parameter(req: Request, name: str) -> str:
    """Read a query parameter.

    Args:
        req: The request.
        name: The name of the parameter, which must be set.

    Returns:
        Its value.

    Raises:
        ApiError: 400 if it is set more than once, or contains a null character.
    """
    value = req.params[name]
    if not isinstance(value, str):
        raise invalid(shorten(name), "it is given more than once.")
    if "\0" in name + value:
        raise invalid(shorten(name.replace("\0", "")), "it contains a null character.")
    return value


def read_run_filter(req: Request) -> RunFilter:
    """Read the filters of the list of the runs of all threads. Unset ones select all runs.

    Args:
        req: The request.

    Returns:
        The requested runs.

    Raises:
        ApiError: 400 for the first invalid parameter.
    """
    known = [str(status) for status in RunStatus]
    statuses = [status for text in _texts(req, "status") for status in text.split(",") if status]
    for status in statuses:
        if status not in known:
            raise invalid("status", f"'{shorten(status)}' is not one of {', '.join(known)}.")
    times: dict[str, int] = {}
    for name in ("created_after", "created_before"):
        if name in req.params:
            value = read_parameter(req, name)
            if not re.fullmatch("[0-9]{1,12}", value):
                raise invalid(name, "a time in Unix seconds is expected.")
            times[name] = int(value)
    assistant = read_parameter(req, "assistant_id") if "assistant_id" in req.params else None
    return RunFilter(frozenset(map(RunStatus, statuses)), assistant, **times)


def _texts(req: Request, name: str) -> list[str]:
    """Return the values of a parameter that can be repeated, with or without brackets, as SDKs write lists."""
    found = [req.params.get(written, []) for written in (name, f"{name}[]")]
    return [text for value in found for text in ([value] if isinstance(value, str) else value)]


def read_number(req: Request, name: str, most: int, least: int = 0) -> int:
    """Read a query parameter that is a number.

    Args:
        req: The request.
        name: The name of the parameter, which must be set.
        most: The largest number.
        least: The smallest number.

    Returns:
        The number.

    Raises:
        ApiError: 400 if it is not one.
    """
    value = read_parameter(req, name)
    if not re.fullmatch("[0-9]{1,15}", value) or not least <= int(value) <= most:
        raise invalid(name, f"an integer from {least} to {most} is expected.")
    return int(value)


def read_include(req: Request, *known: str) -> frozenset[str]:
    """Return which optional data the request includes.

    Args:
        req: The request.
        known: The values of ``include[]`` that this operation supports.

    Returns:
        The values of ``include[]``.

    Raises:
        ApiError: 400 if ``include[]`` contains another value.
    """
    asked = req.params.get(INCLUDE, [])
    values = [asked] if isinstance(asked, str) else asked
    for value in values:
        if value not in known:
            raise invalid(INCLUDE, f"'{shorten(value)}' is not one of {', '.join(map(repr, known))}.")
    return frozenset(values)


def list_object(data: Sequence[Mapping[str, Any]], more: bool) -> dict[str, Any]:
    """Return the body of a list response.

    Args:
        data: The objects.
        more: Whether there are further objects.

    Returns:
        The list object of the API.
    """
    return {
        "object": "list",
        "data": data,
        # They are always strings in the API's description, so that an empty list has empty ones.
        "first_id": data[0]["id"] if data else "",
        "last_id": data[-1]["id"] if data else "",
        "has_more": more,
    }


def deleted(kind: str, id: str) -> dict[str, Any]:
    """Return the response to a deletion.

    Args:
        kind: The ``object`` field of the deleted object.
        id: Its id.

    Returns:
        The object.
    """
    return {"id": id, "object": f"{kind}.deleted", "deleted": True}
