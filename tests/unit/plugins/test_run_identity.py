# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which run of a thread is the one that a task wants."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, cast

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._identity import KEY, MESSAGE, PARAMETERS
from ansible_collections.threadworks.openai.plugins.module_utils._run_desired import (
    DesiredRun,
    decisive,
    desired_run,
)
from ansible_collections.threadworks.openai.plugins.module_utils._run_search import NO_MESSAGE, FoundRun, search
from ansible_collections.threadworks.openai.tests.world import Json

HI, AND, MORE = ({"role": "user", "content": text} for text in ("Hi", "And?", "More!"))


class _Thread:
    """A thread as a client sees it. Its messages and runs are given oldest first.

    Attributes:
        reads: The number of searches for messages.
    """

    def __init__(self, messages: list[Json], runs: list[Json]) -> None:
        self._messages, self._runs = messages[::-1], runs[::-1]
        self.reads = 0

    def matching(self, *path: str, pairs: Json, page: int) -> Iterator[Json]:
        assert (path, page > 0) == (("threads", "thread_1", "runs"), True)
        return (run for run in self._runs if pairs.items() <= (run["metadata"] or {}).items())

    def list(self, *path: str, query: Json) -> Iterator[Json]:
        assert (path, query["order"]) == (("threads", "thread_1", "messages"), "desc")
        self.reads += 1
        return iter(self._messages)


def _said(number: int, text: str, run: int | None = None) -> Json:
    """Return a message of the user, or of a run."""
    content = [{"type": "text", "text": {"value": text, "annotations": []}}]
    role = "user" if run is None else "assistant"
    return {"id": f"msg_{number}", "role": role, "content": content, "run_id": run and f"run_{run}"}


def _run(number: int, base: str = "msg_1", status: str = "completed", parameters: str = "p", **pairs: str) -> Json:
    metadata = {PARAMETERS: parameters, MESSAGE: base, **pairs}
    return {"id": f"run_{number}", "status": status, "metadata": metadata}


def _desired(key: str | None = None, *, force: bool = False) -> DesiredRun:
    return DesiredRun("p", key, None, force)


def _search(messages: list[Json], runs: list[Json], *own: Json, key: str | None = None) -> FoundRun:
    return search(cast(Any, _Thread(messages, runs)), "thread_1", _desired(key), [*own])


def _id(found: FoundRun) -> str | None:
    return found.run["id"] if found.run else None


def test_an_empty_thread() -> None:
    assert _search([], []) == FoundRun(messages=[])
    assert NO_MESSAGE == FoundRun().base == "none"


def test_the_run_that_answers_the_latest_message() -> None:
    messages = [_said(1, "Hi"), _said(2, "Ho", 1), _said(3, "Hey", 1)]
    found = _search(messages, [_run(1)])
    assert (_id(found), found.base, found.newest_id, found.has_added) == ("run_1", "msg_1", "run_1", False)
    assert [each["id"] for each in found.messages or ()] == ["msg_2", "msg_3"]


def test_messages_of_other_runs_are_not_its_own() -> None:
    messages = [_said(1, "Hi"), _said(2, "Ho", 1), _said(3, "Ha", 2)]
    found = _search(messages, [_run(1), _run(2, parameters="q")])
    assert (_id(found), [each["id"] for each in found.messages or ()]) == ("run_1", ["msg_2"])


def test_a_run_for_an_older_message() -> None:
    found = _search([_said(1, "Hi"), _said(2, "Ho", 1), _said(3, "And?")], [_run(1)])
    assert (found.run, found.messages, found.base, found.newest_id) == (None, [], "msg_3", "run_1")


def test_a_run_without_messages_on_an_empty_thread() -> None:
    found = _search([_said(1, "Ho", 1)], [_run(1, NO_MESSAGE)])
    assert (_id(found), found.base) == ("run_1", NO_MESSAGE)


def test_of_several_runs_the_completed_one() -> None:
    runs = [_run(1, status="failed"), _run(2), _run(3, status="failed"), _run(4, status="expired")]
    found = _search([_said(1, "Hi")], runs)
    assert (_id(found), found.newest_id) == ("run_2", "run_4")
    assert _id(_search([_said(1, "Hi")], [run for run in runs if run["status"] != "completed"])) == "run_4"


@pytest.mark.parametrize("number", [19, 20, 21, 45])
def test_a_completed_run_before_many_that_failed(number: int) -> None:
    runs = [_run(1), *(_run(each, status="failed") for each in range(2, number + 1))]
    found = _search([_said(1, "Hi")], runs)
    assert (_id(found), found.newest_id) == ("run_1", f"run_{number}")


@pytest.mark.parametrize("number", [19, 20, 21])
def test_no_completed_run_among_many(number: int) -> None:
    older = _run(0, "msg_0")
    found = _search([_said(1, "Hi")], [older, *(_run(each, status="failed") for each in range(1, number + 1))])
    assert (_id(found), found.base) == (f"run_{number}", "msg_1")


def test_a_run_with_added_messages() -> None:
    messages = [_said(1, "Hi"), _said(2, "And?"), _said(3, "More!"), _said(4, "Ho", 1)]
    found = _search(messages, [_run(1)], AND, MORE)
    assert (_id(found), found.base, found.has_added) == ("run_1", "msg_1", True)
    assert [each["id"] for each in found.messages or ()] == ["msg_4"]


@pytest.mark.parametrize(
    "messages",
    [
        [_said(1, "Hi"), _said(2, "And?"), _said(3, "Else")],
        [_said(1, "Hi"), _said(2, "More!"), _said(3, "And?")],
        [_said(1, "Hi"), _said(2, "Else"), _said(3, "More!")],
        [_said(1, "Hi")],
        [],
    ],
)
def test_others_than_the_added_messages(messages: list[Json]) -> None:
    found = _search(messages, [_run(1)], AND, MORE)
    newest = messages[-1]["id"] if messages else NO_MESSAGE
    assert (found.run, found.base, found.has_added, found.is_suspect) == (None, newest, False, False)


def test_messages_added_to_an_empty_thread() -> None:
    found = _search([_said(1, "And?"), _said(2, "More!")], [_run(1, NO_MESSAGE)], AND, MORE)
    assert (_id(found), found.base, found.has_added) == ("run_1", NO_MESSAGE, True)


def test_the_same_messages_by_the_user() -> None:
    """A run that started from one of them has answered it, so the run has not added it."""
    messages = [_said(1, "Hi"), _said(2, "And?")]
    found = _search(messages, [_run(1), _run(2, "msg_2")], AND)
    assert (found.run, found.base, found.has_added) == (None, "msg_2", False)


def test_with_other_parameters_it_is_another_run() -> None:
    others = {PARAMETERS: "q", MESSAGE: "msg_1", KEY: "k"}
    runs = [{"id": "run_1", "status": "completed", "metadata": others}]
    assert _search([_said(1, "Hi")], runs).run is None
    by_key = _search([_said(1, "Hi")], runs, key="k")
    assert (_id(by_key), by_key.base, by_key.has_added) == ("run_1", "msg_1", False)
    assert not _desired("k").is_met_by(by_key.run)


def test_a_run_with_the_key_answers_any_message() -> None:
    runs = [_run(1, "msg_0", key="x", **{KEY: "k"}), _run(2, "msg_1")]
    thread = _Thread([_said(1, "Hi")], runs)
    found = search(cast(Any, thread), "thread_1", _desired("k"), [])
    assert (_id(found), found.messages, thread.reads) == ("run_1", None, 0)


def test_a_search_is_repeated_if_the_messages_are_there_but_not_their_run() -> None:
    """Another task may have created the run between the two requests."""
    messages, own = [_said(1, "Hi"), _said(2, "Else"), _said(3, "More!")], [AND, MORE]
    for said, runs, reads in (
        (messages, [], 2),
        (messages, [_run(1, "msg_0")], 1),
        ([*messages, _said(4, "Else")], [], 1),
        ([], [], 1),
    ):
        thread = _Thread(said, runs)
        search(cast(Any, thread), "thread_1", _desired(), own)
        assert thread.reads == reads
    thread = _Thread(messages, [])
    search(cast(Any, thread), "thread_1", _desired(), [])
    assert thread.reads == 1


def test_older_messages_are_not_read() -> None:
    class Long(_Thread):
        """A thread with very many messages."""

        def list(self, *path: str, query: Json) -> Iterator[Json]:
            yield from super().list(*path, query=query)
            raise AssertionError("read too much")

    messages = [_said(1, "Hi"), _said(2, "And?"), _said(3, "Ho", 1)]
    assert _id(search(cast(Any, Long(messages, [_run(1)])), "thread_1", _desired(), [AND])) == "run_1"
    assert _id(search(cast(Any, Long(messages, [_run(1, "msg_2")])), "thread_1", _desired(), [])) == "run_1"


@pytest.mark.parametrize(
    ("status", "is_enough"),
    [("completed", True), ("queued", True), ("in_progress", True), ("failed", False), ("incomplete", False)],
)
def test_which_runs_are_enough(status: str, is_enough: bool) -> None:
    run = cast(Any, _run(1, status=status))
    assert _desired().is_met_by(run) is is_enough
    assert not _desired(force=True).is_met_by(run)
    assert not _desired().is_met_by(None)
    assert not _desired().is_met_by({**run, "metadata": None})


def test_only_as_many_runs_are_read_as_needed() -> None:
    runs = itertools.count(1)
    found = decisive(cast(Any, _run(each, status="completed" if each == 3 else "failed")) for each in runs)
    assert (found and found["id"], next(runs)) == ("run_3", 4)
    assert decisive([]) is None


def test_the_identity_of_a_run() -> None:
    params: Json = {"key": None, "force": False}
    run = desired_run(params, {"model": "m", "service_tier": "flex"}, {"a": "1"})
    assert run == desired_run(params, {"model": "m"}, {"a": "1"})
    assert run.identity == {PARAMETERS: run.fingerprint}
    assert run.fingerprint != desired_run(params, {"model": "n"}, None).fingerprint
    keyed = desired_run({"key": "k", "force": True}, {"model": "m"}, None)
    assert (keyed.identity, keyed.force, keyed.fingerprint) == ({KEY: "k"}, True, run.fingerprint)
    assert keyed.own_metadata(x="y") == {KEY: "k", PARAMETERS: run.fingerprint, "x": "y"}
    assert keyed.run_metadata() == keyed.own_metadata()
    assert run.run_metadata(x="y") == {"a": "1", PARAMETERS: run.fingerprint, "x": "y"}
