# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading requests and writing answers as the wire has them (Assistants wire, sections 9 to 11)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

import falcon
from pydantic_core import from_json
from sqlalchemy import Row

from .errors import ApiError, invalid
from .schemas.base import Body, parse
from .store.rows import Page

INCLUDE = "include[]"
_FILE_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
_PAIR = re.compile(r"metadata\[(.*)\]", re.DOTALL)


def read_body(req: falcon.Request, schema: type[Body]) -> dict[str, Any]:
    """Read and validate a request's body. An empty body is an empty object, whatever its content type says.

    :param req: the request; its ``context.max_body`` bounds the body's bytes.
    :param schema: the body's model.
    :return: the fields that were sent.
    :raise ApiError: 400, 413 or 415.
    """
    raw = _read(req, req.context.max_body)
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


def _read(req: falcon.Request, limit: int) -> bytes:
    # A chunked body has no length, and is safe to read to its end only where the server says that it ends.
    chunked = req.content_length is None and req.env.get("wsgi.input_terminated")
    if (req.content_length or 0) > limit:
        raise ApiError(413, f"The body is too large: at most {limit} bytes are accepted.")
    raw = (req.stream if chunked else req.bounded_stream).read(limit + 1)
    if len(raw) > limit:
        raise ApiError(413, f"The body is too large: at most {limit} bytes are accepted.")
    return raw


def read_page(req: falcon.Request, *, metadata: bool = True, further: Collection[str] = ()) -> Page:
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


def read_parameter(req: falcon.Request, name: str) -> str:
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


def read_include(req: falcon.Request) -> bool:
    """Whether the content of file_search results is asked for.

    :param req: the request.
    :return: ``include[]`` names it.
    :raise ApiError: 400, ``include[]`` names something else.
    """
    asked = req.params.get(INCLUDE, [])
    for value in [asked] if isinstance(asked, str) else asked:
        if value != _FILE_CONTENT:
            raise invalid(INCLUDE, f"'{value}' is not one of '{_FILE_CONTENT}'.")
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
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()
