# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading requests and writing answers as the wire has them (Assistants wire, sections 9 to 11)."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from falcon.asgi import Request
from pydantic_core import from_json
from sqlalchemy import Row

from .errors import ApiError, invalid
from .schemas.base import Body, parse
from .store.rows import Page

INCLUDE = "include[]"
FILE_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
WITH_MESSAGES = "messages"
_BROKEN_OFF = "threadworks.broken_off"
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_PAIR = re.compile(r"metadata\[(.*)\]", re.DOTALL)


def watch_body(scope: dict[str, Any], receive: _Receive) -> _Receive:
    """Note in a request's scope if the client leaves before the body has ended: falcon takes that for the body's end.

    :param scope: the request.
    :param receive: its events.
    :return: the same events.
    """
    ended = False

    async def watched() -> MutableMapping[str, Any]:
        nonlocal ended
        event = await receive()
        if event["type"] == "http.disconnect":
            scope[_BROKEN_OFF] = not ended
        else:
            ended = not event.get("more_body", False)
        return event

    return watched


async def read_body(req: Request, schema: type[Body]) -> dict[str, Any]:
    """Read and validate a request's body. An empty body is an empty object, whatever its content type says.

    :param req: the request; its ``context.max_body`` bounds the body's bytes.
    :param schema: the body's model.
    :return: the fields that were sent.
    :raise ApiError: 400, 413 or 415.
    """
    raw = await _read(req, req.context.max_body)
    if not raw:
        return parse(schema, {})
    if (req.content_type or "").partition(";")[0].strip().lower() != "application/json":
        shown = req.content_type or "none"
        raise ApiError(415, f"Unsupported content type: '{shown}'. This API accepts 'application/json'.")
    try:
        value = from_json(raw, allow_inf_nan=False)
        json.dumps(value, allow_nan=False)  # 1e999 is read as infinity
    except ValueError as error:
        raise ApiError(400, f"The body of your request is not valid JSON: {error}.", code="invalid_json") from None
    return parse(schema, value)


async def _read(req: Request, limit: int) -> bytes:
    length = req.content_length
    if (length or 0) > limit:
        raise _too_large(limit)
    raw = b""
    async for piece in req.stream:
        raw += piece
        if len(raw) > limit:
            raise _too_large(limit)
    if req.scope.get(_BROKEN_OFF) or len(raw) < (length or 0):
        raise ApiError(400, f"The body of your request breaks off after {len(raw)} bytes.", code="incomplete_body")
    return raw


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"The body is too large: at most {limit} bytes are accepted.")


def read_page(req: Request, *, metadata: bool = True, further: Collection[str] = ()) -> Page:
    """Read a list's query.

    :param req: the request.
    :param metadata: whether ``metadata[key]=value`` is a filter of this list (the runtime's addition).
    :param further: the names this list knows besides.
    :return: the part of the list that is asked for.
    :raise ApiError: 400, for the first parameter that is wrong or unknown.
    """
    query: dict[str, Any] = {"metadata": {}}
    for name in req.params:
        pair = _PAIR.fullmatch(name) if metadata else None
        if pair:
            query["metadata"][pair[1]] = read_parameter(req, name)
        elif name in ("limit", "order", "after", "before"):
            query[name] = read_parameter(req, name)
        elif name not in further:
            raise ApiError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    if "limit" in query:
        if not re.fullmatch("[0-9]{1,3}", query["limit"]) or not 1 <= int(query["limit"]) <= 100:
            raise invalid("limit", "an integer from 1 to 100 is expected.")
        query["limit"] = int(query["limit"])
    if query.get("order", "asc") not in ("asc", "desc"):
        raise invalid("order", "'asc' or 'desc' is expected.")
    return Page(**query)


def read_parameter(req: Request, name: str) -> str:
    """Read a parameter of the query.

    :param req: the request.
    :param name: the parameter, which is there.
    :return: its value.
    :raise ApiError: 400, it is given more than once, or is no text that a store can look for.
    """
    value = req.params[name]
    if not isinstance(value, str):
        raise invalid(name, "it is given more than once.")
    if "\0" in name + value:
        raise invalid(name.replace("\0", ""), "it contains a null character.")
    return value


def read_include(req: Request, known: str = FILE_CONTENT) -> bool:
    """Whether the request asks for what the wire shows only to those who ask for it.

    :param req: the request.
    :param known: the only value of ``include[]`` that this operation has.
    :return: ``include[]`` names it.
    :raise ApiError: 400, ``include[]`` names something else.
    """
    asked = req.params.get(INCLUDE, [])
    for value in [asked] if isinstance(asked, str) else asked:
        if value != known:
            raise invalid(INCLUDE, f"'{value}' is not one of '{known}'.")
    return bool(asked)


def list_object(rows: list[Row], more: bool) -> dict[str, Any]:
    """The body of a list.

    :param rows: the objects.
    :param more: whether there are more.
    :return: the wire's list object.
    """
    data = [row.document for row in rows]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": more,
    }


def deleted(kind: str, id: str) -> dict[str, Any]:
    """The answer to a deletion.

    :param kind: the deleted object's ``object``.
    :param id: its id.
    :return: the wire's object.
    """
    return {"id": id, "object": f"{kind}.deleted", "deleted": True}


def frame(name: str, data: Any) -> bytes:
    """One server-sent event.

    :param name: the event's name.
    :param data: its data.
    :return: the bytes.
    """
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()
