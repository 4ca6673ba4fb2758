# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can use the server of the role local_model, when it ends, and what it answers: its program without Ansible."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.local_model import Playbook, answers, server_of


def _ask(server: dict[str, Any], **given: Any) -> str:
    body = {"input": "Write a short poem about the sea.", "temperature": 1.5, "max_output_tokens": 16, **given}
    key = {"Authorization": f"Bearer {server['api_key']}"}
    answer = httpx2.post(f"{server['base_url']}/responses", json=body, headers=key, timeout=300)
    assert answer.status_code == 200, answer.text
    return answer.json()["output"][0]["content"][0]["text"]


def test_the_same_request_gets_the_same_answer(local_model_home: Path) -> None:
    with Playbook(local_model_home) as playbook:
        server = playbook.start()
        first = _ask(server)
        assert _ask(server, input="What is a xylophone?")
        assert _ask(server) == first
        assert httpx2.post(f"{server['base_url']}/responses", json={"input": "Hello"}).status_code == 401
        other = playbook.start(seed=2)
        assert other["api_key"] != server["api_key"]
        assert _ask(other) != first
        assert _ask(playbook.start()) == first, "another server with the same seed"
        playbook.stop()


def test_nothing_is_left_of_a_killed_playbook(local_model_home: Path) -> None:
    with Playbook(local_model_home) as playbook:
        playbook.start()
        address = server_of(local_model_home)[1]
        assert answers(address)
        playbook.kill()
        wait_for(lambda: not answers(address))


def test_two_playbooks_share_it(local_model_home: Path) -> None:
    with Playbook(local_model_home) as first, Playbook(local_model_home) as second:
        server = first.start()
        assert second.start() == {**server, "changed": False}
        assert second.stop() == {"changed": False}
        assert _ask(server), "it has not been stopped for the first one"
        assert first.stop() == {"changed": False}
        assert server_of(local_model_home) == (0, "")


def test_the_host_keeps_it_until_its_lifetime_is_over(local_model_home: Path) -> None:
    begun = time.time()
    with Playbook(local_model_home) as playbook:
        playbook.start(scope="host", lifetime=1000)
    state = local_model_home / "server.json"
    content = json.loads(state.read_text())
    assert begun + 1000 <= content["expires"] <= time.time() + 1000
    for lifetime, later in ((10, 0), (2000, 1000)):
        with Playbook(local_model_home) as other:
            other.start(lifetime=lifetime)
        assert json.loads(state.read_text())["expires"] - content["expires"] >= later
    assert answers(content["address"]), "it outlasts the playbook"
    # As if 1000 seconds had passed.
    draft = local_model_home / "draft"
    draft.write_text(json.dumps({**content, "expires": time.time()}))
    draft.replace(state)
    wait_for(lambda: not answers(content["address"]))


def test_only_what_outlasts_the_playbook_is_a_change(local_model_home: Path) -> None:
    with Playbook(local_model_home) as playbook:
        starts = [playbook.start(scope=scope)["changed"] for scope in ("playbook", "host", "host", "playbook")]
        assert starts == [False, True, False, False]
    with Playbook(local_model_home) as check:
        starts = [check.start("--check", scope=scope)["changed"] for scope in ("playbook", "host")]
        assert (starts, check.stop("--check")["changed"]) == ([False, False], True)
        assert check.start("--check", seed=2)["changed"], "it would be replaced"

    # A server that is gone or has other settings is replaced.
    os.kill(server_of(local_model_home)[0], signal.SIGKILL)
    with Playbook(local_model_home) as playbook:
        starts = [playbook.start(scope="host", seed=seed)["changed"] for seed in (1, 1, 2, 2)]
        assert starts == [True, False, True, False]
    with Playbook(local_model_home) as playbook:
        assert playbook.start(temperature=0.1)["changed"]
        assert not playbook.stop()["changed"]
    assert server_of(local_model_home) == (0, "")


def test_a_start_that_fails_is_explained(local_model_home: Path) -> None:
    with Playbook(local_model_home) as playbook:
        with pytest.raises(AssertionError, match="The model server did not start"):
            playbook.start(n_ctx="many")
        assert server_of(local_model_home) == (0, "")
        (local_model_home / "venv").unlink()
        reinstall = r"Remove .*local-model and run the role again to reinstall it\."
        with pytest.raises(AssertionError, match=reinstall):
            playbook.start()
        # As after an upgrade of the operating system: the interpreter does not have the wheels.
        python = local_model_home / "venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.symlink_to(Path(sys.executable).resolve())
        with pytest.raises(AssertionError, match=f"(?s)No module named 'xllamacpp'.*{reinstall}"):
            playbook.start()
