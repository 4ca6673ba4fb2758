# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to clients if a request needs the model server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from falcon.asgi import Request

from ..model.errors import ModelError
from ..model.passthrough import Passage, PassedError
from ..text import shorten
from ..wire_errors import ApiError
from .context import Context
from .options import read_options

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~@-]*")
_REFUSED_KEY = (401, 403)
_NOT_FOUND, _NO_METHOD, _NOT_MADE = 404, 405, 501
# The id of an object, not a part of a path such as file_batches.
_NAMED = re.compile(r"\b(?:file|vs|vsfb|upload|part)[-_](?!batch|search|ids?\b)[A-Za-z0-9]+")
_FILES = (
    "A model server with files and vector stores is OpenAI, Azure OpenAI or OGX (Llama Stack), for example. Without"
    " them, put the text into a message, send images as image_url, or let a function read or search the files."
)
_MODELS = "The documentation or the start command of the model server shows the names of its models."


def is_id(text: str) -> bool:
    """Return whether a text can be an id in a path of the model server. Other texts could lead to another path."""
    return bool(_ID.fullmatch(text))


def quoted(id: str, name: str, *, has_parts: bool = False) -> str:
    """Return an id for a path of the model server.

    Args:
        id: The id.
        name: The name of the parameter for the error.
        has_parts: Whether the id can have several parts, as in ``owner/model``.

    Returns:
        The quoted id.

    Raises:
        ApiError: 400, it is not an id.
    """
    if not all(map(is_id, id.split("/") if has_parts else [id])):
        raise ApiError(400, f"Invalid id: '{shorten(id)}'.", param=name, code="invalid_value")
    return quote(id, safe="")


def passage_of(req: Request, context: Context) -> Passage:
    """Return the model server of a request.

    Args:
        req: The request.
        context: The parts of the application.

    Returns:
        The server.

    Raises:
        ApiError: 400, there is no model server, or its options cannot be used.
    """
    options = read_options(req, context) or context.settings.model
    try:
        return context.passages.get(options)
    except ModelError as error:
        raise ApiError(400, error.message, code="no_model_server") from error


def failed(error: ModelError, kind: str) -> ApiError:
    """Return the error for a request that has not reached the model server, or that it has not answered.

    Args:
        error: What went wrong.
        kind: The first part of the path, as in ``files``.

    Returns:
        The error to raise.
    """
    alternatives = _MODELS if kind == "models" else _FILES
    return ApiError(502, f"{error.message} {alternatives}", code="model_server_failed", type="server_error")


def refused(error: PassedError, asked: str, kind: str, ids: Mapping[str, str], *, own_key: bool) -> ApiError:
    """Return the error for a request that the model server has refused.

    Args:
        error: The refusal.
        asked: The method and the path.
        kind: The first part of the path, as in ``files``.
        ids: The ids in the path.
        own_key: Whether the key is the client's own.

    Returns:
        The error to raise.
    """
    status, details = error.status, error.error
    if _has_none(error, ids):
        message = (
            f"The model server does not offer {asked} ({status}): {error.text}"
            f" {_MODELS if kind == 'models' else _FILES}"
        )
        return ApiError(_NOT_FOUND, message, code="not_offered_by_model_server", model_server_status=status)
    if status in _REFUSED_KEY and not own_key:
        # The client would relate a 401 to its own token.
        message = f"The model server refused the runtime's key ({status}): {error.text}"
        return ApiError(502, message, code="model_server_refused_key", type="server_error")
    code, kind_of_error, param = (details.get(name) for name in ("code", "type", "param"))
    return ApiError(
        status,
        error.text,
        code=str(code) if code is not None else "refused_by_model_server",
        type=kind_of_error if isinstance(kind_of_error, str) else "invalid_request_error",
        param=param if isinstance(param, str) else None,
    )


def _has_none(error: PassedError, ids: Mapping[str, str]) -> bool:
    """Return whether a server does not support the operation.

    Otherwise its error contains the missing id, which is in the path or in the body of the request.
    """
    if error.status in (_NO_METHOD, _NOT_MADE):
        return True
    named = any(id in error.text for id in ids.values()) or _NAMED.search(error.text)
    return error.status == _NOT_FOUND and ("invalid url" in error.text.lower() or not named)
