# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_run_info and runs of which only the id is known."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY
from ansible_collections.threadworks.openai.tests.unit.plugins.many_runs import Runs, responses
from ansible_collections.threadworks.openai.tests.unit.plugins.middleware import without_runs_by_id
from ansible_collections.threadworks.openai.tests.world import World

MESSAGES = "GET /threads/*/messages"


@pytest.fixture
def runs(world: World) -> Runs:
    return Runs(world)


def test_a_run_is_found_without_its_thread(runs: Runs) -> None:
    one, two = runs.completed("one", "two")["results"]
    asked = [one["run_id"], {"run_id": two["run_id"]}, one["run_id"]]
    for options in ({}, {"wait": True}, {"check": True}):
        done = runs.info(asked, **options)
        assert responses(done) == ["Reply to: one", "Reply to: two", "Reply to: one"]
        assert done.result["runs"][1]["thread_id"] == two["thread_id"]
    assert sorted(runs.info(asked).read) == sorted(["GET /runs/*", MESSAGES] * 2)
    result = runs.info([*asked, "run_gone"]).result
    assert result["msg"].startswith("runs[3]: No run found with id 'run_gone'. (HTTP 404) Check the id")
    assert runs.world.do("thread", thread_id=two["thread_id"], state="absent").result["changed"]
    assert "No run found" in runs.info(asked).result["msg"]


def test_a_predicted_run_is_found_without_its_thread(runs: Runs) -> None:
    (real,) = runs.completed("one")["results"]
    thread = {"messages": [{"content": "new"}]}
    foretold = runs.world.do("thread_run", check=True, assistant_id="newest", thread=thread).result
    assert foretold["run_id"] == KNOWN_AFTER_APPLY
    # A run that was predicted on another host has an id that this one does not know.
    asked = [foretold["run_id"], real["run_id"], "(known after apply 9)"]
    done = runs.info(asked, wait=True, check=True)
    assert responses(done) == [KNOWN_AFTER_APPLY, "Reply to: one", ""]
    assert [run["thread_id"] for run in done.result["runs"]] == [
        KNOWN_AFTER_APPLY,
        real["thread_id"],
        KNOWN_AFTER_APPLY,
    ]
    assert runs.world.warnings[-1].startswith("The run '(known after apply 9)' does not exist yet.")
    runs.world.do("thread", thread_id=real["thread_id"], state="absent", check=True)
    result = runs.info([real["run_id"]], check=True).result
    assert "No thread found" in result["msg"]


@pytest.mark.parametrize("body", [b'{"detail": "Not Found"}', b'{"error": {"message": "Invalid URL"}}'])
def test_a_server_that_needs_the_thread_of_a_run(runs: Runs, body: bytes) -> None:
    (one,) = runs.completed("one")["results"]
    runs.world.put_before(without_runs_by_id(body))
    result = runs.info([one["run_id"]]).result
    assert result["msg"].startswith(f"The server cannot find the run '{one['run_id']}' without its thread")
    assert responses(runs.info([one["run_id"]], thread_id=one["thread_id"])) == ["Reply to: one"]
