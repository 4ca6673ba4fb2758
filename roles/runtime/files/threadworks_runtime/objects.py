# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the API, and their private parts, which the API does not return.

The types describe decoded JSON: an object is read from the store, sent and written without a copy. It is never changed
in place. Each change creates a new object.
"""

from __future__ import annotations

from typing import Any, TypedDict

from .status import MessageStatus, RunStatus, StepStatus

Document = dict[str, Any]
"""Any JSON object: the body of a request, a tool, a content part."""


class Usage(TypedDict):
    """Numbers of tokens in the API."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class RunError(TypedDict):
    """The ``last_error`` of a run or a step."""

    code: str
    message: str


class AssistantObject(TypedDict):
    """An assistant (Assistants wire, section 3)."""

    id: str
    object: str
    created_at: int
    name: str | None
    description: str | None
    model: str
    instructions: str | None
    tools: list[Document]
    tool_resources: Document
    metadata: dict[str, str]
    temperature: float
    top_p: float
    response_format: str | Document


class ThreadObject(TypedDict):
    """A thread (section 4)."""

    id: str
    object: str
    created_at: int
    tool_resources: Document
    metadata: dict[str, str]


class MessageObject(TypedDict):
    """A message (section 5)."""

    id: str
    object: str
    created_at: int
    thread_id: str
    status: MessageStatus
    incomplete_details: dict[str, str] | None
    completed_at: int | None
    incomplete_at: int | None
    role: str
    content: list[Document]
    assistant_id: str | None
    run_id: str | None
    attachments: list[Document]
    metadata: dict[str, str]


class RunObject(TypedDict):
    """A run (section 7)."""

    id: str
    object: str
    created_at: int
    thread_id: str
    assistant_id: str
    status: RunStatus
    required_action: Document | None
    last_error: RunError | None
    expires_at: int | None
    started_at: int | None
    cancelled_at: int | None
    failed_at: int | None
    completed_at: int | None
    incomplete_details: dict[str, str] | None
    model: str
    instructions: str
    tools: list[Document]
    metadata: dict[str, str]
    usage: Usage | None
    temperature: float
    top_p: float
    max_prompt_tokens: int | None
    max_completion_tokens: int | None
    truncation_strategy: Document
    tool_choice: str | Document
    parallel_tool_calls: bool
    response_format: str | Document


class StepObject(TypedDict):
    """A step of a run (section 8)."""

    id: str
    object: str
    created_at: int
    assistant_id: str
    thread_id: str
    run_id: str
    type: str
    status: StepStatus
    step_details: Document
    last_error: RunError | None
    expired_at: int | None
    cancelled_at: int | None
    failed_at: int | None
    completed_at: int | None
    metadata: dict[str, str]
    usage: Usage | None


class AssistantPrivate(TypedDict):
    """The private part of an assistant.

    Attributes:
        reasoning_effort: The requested reasoning effort.
        sampling: The names of ``temperature`` and ``top_p`` if they were set. The API returns 1 for unset ones, but
            reasoning models refuse even this value. Older stores have a mapping from these names to the values.
    """

    reasoning_effort: str | None
    sampling: list[str]


class _DetailsAdditions(TypedDict, total=False):
    shutdown_date: str


class RunDetails(_DetailsAdditions):
    """What a run has used so far, in addition to its ``usage``. A value is None if it is unknown.

    Attributes:
        model: The model that answered, as the model server names it.
        service_tier: The service tier of the answer.
        input_tokens: The tokens of all prompts.
        cached_tokens: Those of them that were read from the cache of the model server.
        output_tokens: The tokens of all answers.
        reasoning_tokens: Those of them that were used for reasoning.
        rounds: The number of answers.
        tool_calls: The number of tool calls.
        seconds: From the start of the first round to the end of the latest one, or of the run.
        seconds_to_first_token: From the start of the first round to the first part of its answer.
        cost: The cost in units of `usage.money`.
        prices_from: The date of the price list, or None if no price of it was used.
        started: The start of the first round on the wall clock, in Unix seconds.
        latest: The tokens and the cost of the latest round. A value is None if it is unknown.
        shutdown_date: The date on which the model will be shut down, if it is known.
    """

    model: str | None
    service_tier: str | None
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    rounds: int
    tool_calls: int
    seconds: float | None
    seconds_to_first_token: float | None
    cost: int | None
    prices_from: str | None
    started: float | None
    latest: tuple[int | None, int | None]


class Budget(TypedDict):
    """A budget: limits for what all runs use that have it.

    Attributes:
        name: Its name.
        scope: ``client`` or ``server``: who has set it.
        per: The period: ``run``, ``play``, ``hour``, ``day`` or ``month``.
        play: The id of the play, for ``play``.
        tokens: The maximum number of tokens, or None.
        cost: The maximum cost in units of `usage.money`, or None.
    """

    name: str
    scope: str
    per: str
    play: str | None
    tokens: int | None
    cost: int | None


class RunTerms(TypedDict, total=False):
    """The prices and budgets that the client or the server has set when a run was created.

    Attributes:
        prices: The prices by model, see `usage.prices.OwnPrices`.
        budgets: The budgets.
    """

    prices: dict[str, dict[str, str]]
    budgets: list[Budget]


class Kept(TypedDict):
    """The messages and steps of the earlier rounds of a run: the ``seq`` of the last one of each, or 0."""

    messages: int
    steps: int


class _RunAdditions(TypedDict, total=False):
    details: RunDetails
    terms: RunTerms
    kept: Kept
    restarts: int


class RunPrivate(_RunAdditions):
    """The private part of a run.

    Attributes:
        reasoning_effort: As for an assistant.
        sampling: As for an assistant.
        tool_resources: The files of the assistant and of the thread.
        items: The model's raw output items, and the outputs of function calls, in their order.
        usage: The tokens of all rounds so far.
        details: What the run has used. Missing in runs of versions before 0.2.0.
        terms: The prices and budgets of the run, if any are set.
        kept: What remains if the current round is restarted. Missing in the first round.
        restarts: How often a round was restarted. Missing if none was.
    """

    reasoning_effort: str | None
    sampling: list[str]
    tool_resources: Document
    items: list[Document]
    usage: Usage


class StepPrivate(TypedDict, total=False):
    """The private part of a step, until the step ends.

    Attributes:
        usage: The tokens of its round, in the last step of the round.
    """

    usage: Usage
