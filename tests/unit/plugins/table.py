# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of what a task means: (what exists) x (what is asked) -> (changed, requests, result)."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from typing import Any

from ansible_collections.threadworks.openai.tests.world import Done, Json, World

Given = Callable[[World], Any]


def nothing(world: World) -> None:
    """Nothing exists."""


def did(resource: str, **options: Any) -> Given:
    """What an earlier task has made."""
    return lambda world: world.do(resource, **options)


def all_of(*steps: Given) -> Given:
    """One thing after the other."""

    def given(world: World) -> None:
        for step in steps:
            step(world)

    return given


@dataclasses.dataclass(frozen=True)
class Row:
    """A task that succeeds. It has `changed` exactly where it sends changing requests.

    Args:
        given: Makes what exists.
        asked: The task's options.
        sent: Its changing requests.
        read: Its reading requests.
    """

    given: Given
    asked: Json
    sent: list[str]
    read: list[str]


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A task that fails, in check mode too, before any changing request.

    Args:
        given: Makes what exists.
        asked: The task's options.
        message: What the task says, as a regular expression.
    """

    given: Given
    asked: Json
    message: str


def polled_once(read: list[str]) -> list[str]:
    """Reading requests, where a run that is asked for again and again counts once."""
    polled = "GET /threads/*/runs/*"
    return [each for before, each in itertools.pairwise(["", *read]) if (before, each) != (polled, polled)]


def look_at(world: World, resource: str, row: Row) -> Done:
    """Carry a row's task out, in check mode, for real, and once more: then nothing is left to do."""
    row.given(world)
    done = world.foretold(resource, **row.asked)
    assert "failed" not in done.result, done.result
    assert (done.result["changed"], done.sent, done.read) == (bool(row.sent), row.sent, row.read)
    again = world.do(resource, **row.asked)
    assert (again.result["changed"], again.sent, again.model) == (False, [], [])
    return done


def look_at_refusal(world: World, resource: str, row: Refusal) -> None:
    """Carry out a row's task, which fails."""
    row.given(world)
    done = world.foretold(resource, **row.asked)
    assert done.result["failed"]
    assert re.search(row.message, done.result["msg"]), done.result["msg"]
    assert done.sent == []
