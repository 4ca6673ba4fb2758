# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of tasks: (initial state) x (options) -> (changed, requests, result)."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from typing import Any

from ansible_collections.threadworks.openai.tests.model_server.hosted import Hosted
from ansible_collections.threadworks.openai.tests.world import Done, Json, World

Given = Callable[[World], Any]


def nothing(world: World) -> None:
    """Nothing exists."""


def did(resource: str, **options: Any) -> Given:
    """The state after an earlier task."""
    return lambda world: world.do(resource, **options)


def all_of(*steps: Given) -> Given:
    """Several states, one after the other."""

    def given(world: World) -> None:
        for step in steps:
            step(world)

    return given


def hosted(world: World) -> Hosted:
    """The files and vector stores of the model server."""
    assert world.model.hosted is not None
    return world.model.hosted


@dataclasses.dataclass(frozen=True)
class Row:
    """A task that succeeds. `changed` is true if, and only if, it sends changing requests.

    Args:
        given: Creates the initial state.
        asked: The options of the task.
        sent: Its changing requests.
        read: Its reading requests.
    """

    given: Given
    asked: Json
    sent: list[str]
    read: list[str]


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A task that fails before any changing request, also in check mode.

    Args:
        given: Creates the initial state.
        asked: The options of the task.
        message: A regular expression for the error message.
    """

    given: Given
    asked: Json
    message: str


def polled_once(read: list[str]) -> list[str]:
    """Return reading requests, with consecutive polls of a run counted once."""
    polled = "GET /threads/*/runs/*"
    return [each for before, each in itertools.pairwise(["", *read]) if (before, each) != (polled, polled)]


def look_at(world: World, resource: str, row: Row) -> Done:
    """Run the task of a row in check mode, then for real, and again: the second real run must change nothing."""
    row.given(world)
    done = world.foretold(resource, **row.asked)
    assert "failed" not in done.result, done.result
    assert (done.result["changed"], done.sent, done.read) == (bool(row.sent), row.sent, row.read)
    again = world.do(resource, **row.asked)
    assert (again.result["changed"], again.sent, again.model) == (False, [], [])
    return done


def look_at_refusal(world: World, resource: str, row: Refusal) -> None:
    """Run the task of a row, which fails."""
    row.given(world)
    done = world.foretold(resource, **row.asked)
    assert done.result["failed"]
    assert re.search(row.message, done.result["msg"]), done.result["msg"]
    assert done.sent == []
