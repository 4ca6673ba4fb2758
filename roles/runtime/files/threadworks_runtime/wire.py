# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading requests and writing answers as the wire has them (Assistants wire, sections 9 to 11)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from falcon.asgi import Request

from .schemas.base import Body, parse
from .store.rows import Page
from .text import shorten
from .wire_errors import ApiError, invalid

INCLUDE = "include[]"
FILE_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
WITH_MESSAGES = "messages"
_PAIR = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_MOST_PAIRS = 16  # as many as an object may have; each is one more part of the store's query


async def read_body(req: Request, schema: type[Body]) -> dict[str, Any]:
    """Read and validate a request's body. An empty body is an empty object, whatever its content type says.

    Args:
        req: The request.
        schema: The body's model.

    Returns:
        The fields that were sent.

    Raises:
        ApiError: 400, 413, 415 or 503.
    """
    return parse(schema, await req.context.bodies.read(req))


def read_page(req: Request, *, metadata: bool = True, further: Collection[str] = ()) -> Page:
    """Read a list's query.

    Args:
        req: The request.
        metadata: Whether ``metadata[key]=value`` is a filter of this list (the runtime's addition).
        further: The names this list knows besides.

    Returns:
        The part of the list that is asked for.

    Raises:
        ApiError: 400, for the first parameter that is wrong or unknown.
    """
    query: dict[str, Any] = {"metadata": {}}
    for name in req.params:
        pair = _PAIR.fullmatch(name) if metadata else None
        if pair:
            query["metadata"][pair[1]] = read_parameter(req, name)
        elif name in ("limit", "order", "after", "before"):
            query[name] = read_parameter(req, name)
        elif name not in further:
            shown = shorten(name)
            raise ApiError(400, f"Unknown parameter: '{shown}'.", param=shown, code="unknown_parameter")
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
    """Read a parameter of the query.

    Args:
        req: The request.
        name: The parameter, which is there.

    Returns:
        Its value.

    Raises:
        ApiError: 400, it is given more than once, or is no text that a store can look for.
    """
    value = req.params[name]
    if not isinstance(value, str):
        raise invalid(shorten(name), "it is given more than once.")
    if "\0" in name + value:
        raise invalid(shorten(name.replace("\0", "")), "it contains a null character.")
    return value


def read_include(req: Request, known: str = FILE_CONTENT) -> bool:
    """Whether the request asks for what the wire shows only to those who ask for it.

    Args:
        req: The request.
        known: The only value of ``include[]`` that this operation has.

    Returns:
        ``include[]`` names it.

    Raises:
        ApiError: 400, ``include[]`` names something else.
    """
    asked = req.params.get(INCLUDE, [])
    for value in [asked] if isinstance(asked, str) else asked:
        if value != known:
            raise invalid(INCLUDE, f"'{shorten(value)}' is not one of '{known}'.")
    return bool(asked)


def list_object(data: Sequence[Mapping[str, Any]], more: bool) -> dict[str, Any]:
    """The body of a list.

    Args:
        data: The objects.
        more: Whether there are more.

    Returns:
        The wire's list object.
    """
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": more,
    }


def deleted(kind: str, id: str) -> dict[str, Any]:
    """The answer to a deletion.

    Args:
        kind: The deleted object's ``object``.
        id: Its id.

    Returns:
        The wire's object.
    """
    return {"id": id, "object": f"{kind}.deleted", "deleted": True}
