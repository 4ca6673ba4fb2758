# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# What the callback `runs` knows about a playbook: its runs and tool calls.

from __future__ import annotations

import decimal
import typing as t
from dataclasses import dataclass, field

from ..module_utils._status import ACTIVE, UNSUCCESSFUL, RunStatus

Json = dict[str, t.Any]

PREDICTED = "predicted"


@dataclass
class ToolTask:
    """A task that ran for a tool call. `host` is where it ran. `status` is ok, changed, failed or unreachable.

    Attributes:
        began: The time when it began, in seconds since 1970, or None if unknown.
        at: The time when it ended.
    """

    name: str
    action: str
    host: str
    status: str
    began: float | None
    at: float


@dataclass
class ToolCall:
    """A function call of a model.

    Attributes:
        id: Its id.
        run_id: Its run.
        name: The function.
        arguments: Its arguments, as data.
        host: The host that answered it, or "".
        allowed: Whether it was allowed, or None if no task decided.
        answer: The answer of the person who was asked, or None.
        problem: Why it was refused, or "".
        tasks: The tasks that ran for it.
    """

    id: str
    run_id: str
    name: str
    arguments: t.Any = None
    host: str = ""
    allowed: bool | None = None
    answer: str | None = None
    problem: str = ""
    tasks: list[ToolTask] = field(default_factory=list)


@dataclass
class SeenRun:
    """A run, as the latest task returned it.

    Attributes:
        id: Its id.
        thread_id: Its thread.
        host: The host of the first task that returned it.
        hosts: All hosts whose tasks returned it.
        task: The first task that returned it.
        play: The play of this task.
        item: The label of the loop item, or "".
        is_ours: Whether it was active during this playbook. Others were reused, and cost nothing now.
        began: The time when it began, in seconds since 1970.
        ended: The time when it ended, or None.
        answer: The latest result of a task for it, without the run itself.
        run: The run, as in the Assistants API.
        usage: What it used.
        reason: Why it did not complete, or "".
    """

    id: str
    thread_id: str
    host: str
    task: str
    play: str
    item: str = ""
    hosts: list[str] = field(default_factory=list)
    is_ours: bool = False
    began: float = 0.0
    ended: float | None = None
    status: str = RunStatus.QUEUED.value
    run: Json = field(default_factory=dict)
    answer: Json = field(default_factory=dict)
    usage: Usage = field(default_factory=lambda: Usage({}, {}))
    reason: str = ""

    @property
    def assistant_id(self) -> str:
        """The id of its assistant, or ""."""
        return str(self.run.get("assistant_id") or "")

    @property
    def model(self) -> str:
        """The model that answered, or "unknown"."""
        return self.usage.model or str(self.run.get("model") or "unknown")

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.status in ACTIVE

    @property
    def is_bad(self) -> bool:
        """Whether it ended without a complete reply."""
        return self.status in UNSUCCESSFUL or bool(self.reason)

    @property
    def seconds(self) -> float | None:
        """Its duration in seconds, or None if unknown."""
        if self.usage.seconds is not None:
            return self.usage.seconds
        return None if self.ended is None or not self.began else max(0.0, self.ended - self.began)


class Usage:
    """What a run used. Unknown values are None.

    Args:
        usage: The `usage` of the run in the Assistants API.
        details: The `details` of the run, an addition of the runtime.
    """

    def __init__(self, usage: Json, details: Json) -> None:
        self.model = str(details.get("model") or "")
        self.input = _whole(details.get("input_tokens", usage.get("prompt_tokens")))
        self.output = _whole(details.get("output_tokens", usage.get("completion_tokens")))
        self.cached = _whole(details.get("cached_tokens"))
        self.reasoning = _whole(details.get("reasoning_tokens"))
        self.rounds = _whole(details.get("rounds"))
        self.seconds = _number(details.get("seconds"))
        self.first_token = _number(details.get("seconds_to_first_token"))
        cost = details.get("cost")
        self.cost = _amount(cost.get("amount")) if isinstance(cost, dict) else None
        self.prices_from = str(cost.get("prices_from") or "") if isinstance(cost, dict) else ""
        if not self.tokens and not self.cost:
            # Nothing was used, for example because the run is queued. This does not mean that the price is known.
            self.cost = None

    @property
    def tokens(self) -> int | None:
        """All tokens, or None if unknown."""
        return None if self.input is None and self.output is None else (self.input or 0) + (self.output or 0)


def _whole(value: t.Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: t.Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _amount(value: t.Any) -> decimal.Decimal | None:
    try:
        amount = decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        return None
    return amount if amount.is_finite() else None
