# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The header ``Runtime-Options``: each request to a local runtime specifies the model server if it needs one.

The values are kept in memory. A served runtime has its own model server and ignores the header.
"""

from __future__ import annotations

from typing import Annotated

from falcon.asgi import Request
from pydantic import Field, ValidationError

from ..schemas.base import Body
from ..settings import ModelOptions, missing_scheme
from ..wire_errors import invalid
from .context import Context

HEADER = "Runtime-Options"
_LARGEST = 32 * 1024  # characters
# They become parts of requests to a model server, and must not contain characters that change other parts.
_Address = Annotated[str, Field(max_length=8192, pattern=r"^[^\x00-\x20\x7f]*$")]
_Line = Annotated[str, Field(max_length=8192, pattern=r"^[\x20-\x7e]*$")]


class _Options(Body):
    base_url: _Address | None = None
    api_key: _Line | None = None
    organization: _Line | None = None
    project: _Line | None = None
    timeout: float = Field(default=600.0, gt=0, le=1e9)
    max_retries: int = Field(default=2, ge=0, le=1_000_000)
    concurrent_runs: int | None = Field(default=None, ge=1, le=10_000)
    idle_timeout: float | None = Field(default=None, gt=0, le=86_400)


def read_options(req: Request, context: Context) -> ModelOptions | None:
    """Read the model server of a request, and apply its options for the runtime itself. The latest values are used.

    Args:
        req: The request.
        context: The parts of the application.

    Returns:
        The model server, or None for the one in the settings.

    Raises:
        ApiError: 400 if the header is invalid. The error does not contain its value, which may include a key.
    """
    header = req.get_header(HEADER)
    if header is None or context.settings.executor == "served":
        return None
    if len(header) > _LARGEST:
        raise invalid(HEADER, f"it is too long: at most {_LARGEST} characters are accepted.")
    try:
        options = _Options.model_validate_json(header)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])[:64] or "the header"
        raise invalid(HEADER, f"the value of {place} is not valid: {first['msg']}.") from None
    problem = missing_scheme(options.base_url) if options.base_url else None
    if problem:
        raise invalid(HEADER, f"base_url (OPENAI_BASE_URL) {problem}.")
    if options.concurrent_runs is not None:
        context.executor.resize(options.concurrent_runs)
    if options.idle_timeout is not None:
        context.idle_timeout = options.idle_timeout
    return ModelOptions(
        base_url=options.base_url,
        api_key=options.api_key,
        organization=options.organization,
        project=options.project,
        timeout=options.timeout,
        max_retries=options.max_retries,
    )
