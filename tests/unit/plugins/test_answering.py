# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which host answers the tool calls of a run, when hosts leave their play. In playbooks: test_tool_sharing.py."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.plugin_utils import _answering
from ansible_collections.threadworks.openai.plugins.plugin_utils._answering import Answering, holder, release, take


@pytest.fixture(autouse=True)
def _playbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new playbook, in one of its workers."""
    monkeypatch.setattr(_answering, "_memory", mmap.mmap(-1, _answering._SIZE))
    monkeypatch.setattr(_answering, "_owner", 0)
    monkeypatch.setattr(_answering.C, "DEFAULT_LOCAL_TMP", str(tmp_path))


def _on(host: str) -> Answering:
    return Answering(host, "play", {"run_id": "run_1", "thread_id": "thread_1"}, {})


def test_the_first_host_answers_until_it_releases_the_calls() -> None:
    assert (take(_on("web")), take(_on("db")), take(_on("web")), holder("run_1")) == ("web", "web", "web", "web")
    release("run_1", "db")
    assert holder("run_1") == "web"
    release("run_1", "web")
    assert (holder("run_1"), take(_on("db"))) == (None, "db")


def test_nobody_takes_the_calls_of_a_run_that_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while it is cancelled, nor later: the outputs of its tools could not be used."""
    meanwhile = []

    def cancel(answering: Answering) -> tuple[bool, str]:
        meanwhile.append((answering.host, take(_on("mail")), holder("run_1")))
        return True, "Cancelled."

    monkeypatch.setattr(_answering, "_cancel", cancel)
    take(_on("web"))
    assert _answering.cancel_abandoned("play", {"web", "db", "mail"}) == []
    assert _answering.cancel_abandoned("play", {"db", "mail"}) == ["Cancelled."]
    assert meanwhile == [("web", "web", "web")]
    assert take(_on("mail")) == "web"
    assert _answering.cancel_abandoned("play", {"db", "mail"}) == []


@pytest.mark.parametrize("message", ["Run run_1 cannot be cancelled.", ""])
def test_another_host_takes_the_calls_of_a_run_that_goes_on(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    """The run cannot be cancelled, or does not wait for its tools."""
    monkeypatch.setattr(_answering, "_cancel", lambda _answering: (False, message))
    take(_on("web"))
    assert _answering.cancel_abandoned("play", {"db"}) == ([message] if message else [])
    assert (holder("run_1"), take(_on("db"))) == (None, "db")


def test_a_cancellation_that_is_interrupted_is_repeated_by_a_later_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by the timeout of the task that happens to cancel the run."""

    def interrupt(_answering: Answering) -> tuple[bool, str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(_answering, "_cancel", interrupt)
    take(_on("web"))
    with pytest.raises(KeyboardInterrupt):
        _answering.cancel_abandoned("play", {"db"})
    assert take(_on("db")) == "web"
    monkeypatch.setattr(_answering, "_cancel", lambda _answering: (True, "Cancelled."))
    assert _answering.cancel_abandoned("play", {"db"}) == ["Cancelled."]


def test_the_playbook_cancels_what_a_killed_worker_was_cancelling(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[str] = []

    def cancel(answering: Answering) -> tuple[bool, str]:
        cancelled.append(answering.host)
        return True, ""

    monkeypatch.setattr(_answering, "_cancel", cancel)
    take(_on("web"))
    with _answering._shared() as state:
        state["cancelling"], state["runs"] = state["runs"], {}
    assert (holder("run_1"), _answering.cancel_abandoned("play", {"db"}), cancelled) == ("web", [], [])
    monkeypatch.setattr(_answering, "_owner", os.getpid())
    _answering._cancel_the_rest()
    assert cancelled == ["web"]
