# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The header ``Runtime-Options``: each request to a local runtime specifies the model server if it needs one.

The values are kept in memory. A served runtime has its own model server and ignores the header.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, TypeVar

from falcon.asgi import Request
from pydantic import Field, Json, ValidationError

from ..objects import RunTerms
from ..schemas.base import Body
from ..schemas.terms import BudgetLimits, Prices
from ..settings import ModelOptions, missing_scheme
from ..wire_errors import invalid
from .context import Context

HEADER = "Runtime-Options"
BUDGET_HEADER = "Runtime-Budget"
_Schema = TypeVar("_Schema", bound=Body)
_LARGEST = 32 * 1024  # characters
_MOST_PER_MINUTE = 1_000_000_000
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
    requests_per_minute: int | None = Field(default=None, ge=1, le=_MOST_PER_MINUTE)
    tokens_per_minute: int | None = Field(default=None, ge=1, le=_MOST_PER_MINUTE)
    concurrent_requests: int | None = Field(default=None, ge=1, le=10_000)
    concurrent_runs: int | None = Field(default=None, ge=1, le=10_000)
    idle_timeout: float | None = Field(default=None, gt=0, le=86_400)
    prices: Json[Prices] | None = None


class RunOptions(NamedTuple):
    """How to execute the run of a request.

    Attributes:
        model: The model server, or None for the one in the settings.
        terms: The prices and budgets.
    """

    model: ModelOptions | None
    terms: RunTerms


def read_run_options(req: Request, context: Context) -> RunOptions:
    """Read the model server, the prices and the budgets of a request that creates or continues a run.

    Args:
        req: The request.
        context: The parts of the application.

    Returns:
        The options.

    Raises:
        ApiError: 400 if a header is invalid.
    """
    options = _read(req, context)
    terms = context.settings.terms
    if options is not None and options.prices:
        terms = {**terms, "prices": {model: prices.stored() for model, prices in options.prices.items()}}
    budget = _read_budget(req)
    if budget is not None:
        terms = {**terms, "budgets": [*terms.get("budgets", []), budget.stored("client")]}
    return RunOptions(None if options is None else _model(options), terms)


def read_options(req: Request, context: Context) -> ModelOptions | None:
    """Read the model server of a request.

    Args:
        req: The request.
        context: The parts of the application.

    Returns:
        The model server, or None for the one in the settings.

    Raises:
        ApiError: 400 if the header is invalid.
    """
    options = _read(req, context)
    return None if options is None else _model(options)


def _read(req: Request, context: Context) -> _Options | None:
    """Read the header, and apply its options for the runtime itself. The latest values are used.

    Raises:
        ApiError: 400 if the header is invalid. The error does not contain its value, which may include a key.
    """
    header = req.get_header(HEADER)
    if header is None or context.settings.executor == "served":
        return None
    if len(header) > _LARGEST:
        raise invalid(HEADER, f"it is too long: at most {_LARGEST} characters are accepted.")
    options = _parsed(HEADER, header, _Options)
    problem = missing_scheme(options.base_url) if options.base_url else None
    if problem:
        raise invalid(HEADER, f"base_url (OPENAI_BASE_URL) {problem}.")
    if options.concurrent_runs is not None:
        context.executor.resize(options.concurrent_runs)
    if options.idle_timeout is not None:
        context.idle_timeout = options.idle_timeout
    return options


def _read_budget(req: Request) -> BudgetLimits | None:
    header = req.get_header(BUDGET_HEADER)
    return None if header is None else _parsed(BUDGET_HEADER, header, BudgetLimits)


def _parsed(name: str, header: str, schema: type[_Schema]) -> _Schema:
    try:
        return schema.model_validate_json(header)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])[:64] or "the header"
        raise invalid(name, f"the value of {place} is not valid: {first['msg']}.") from None


def _model(options: _Options) -> ModelOptions:
    return ModelOptions(
        base_url=options.base_url,
        api_key=options.api_key,
        organization=options.organization,
        project=options.project,
        timeout=options.timeout,
        max_retries=options.max_retries,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        concurrent_requests=options.concurrent_requests,
    )
