# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that share a run: one of them answers its tool calls, the others wait for the run and get its result."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.tool_play import (
    CALL,
    ROLE,
    ToolPlay,
    answers,
    hosts_of,
    messages,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

_HOSTS = ("web", "db", "mail")
_SHARED = "Create the thread and run the assistant on it"
_FAR = "ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"


@pytest.fixture
def play(tool_play: ToolPlay) -> ToolPlay:
    """Runs role run on three hosts."""
    tool_play.hosts(*_HOSTS)
    return tool_play


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_one_host_answers(play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    model_server.script([{"calls": [CALL, CALL]}, {"calls": [CALL]}])
    outcome = play(limit="all", subject="everything", strategy=strategy)
    assert outcome.rc == 0, outcome
    assert len(hosts_of(outcome, "Tool")) == 3
    assert len(set(hosts_of(outcome, "Tool"))) == 1
    assert len(model_server.runs) == 3
    assert answers(model_server.runs[2]) == ["71% of /var"] * 3
    outputs = {each.host: each.result["msg"] for each in outcome.tasks if each.name == "Outputs"}
    assert {each["response"] for each in outputs.values()} == {"Reply to: How full is everything?"}
    assert len({each["result"]["run_id"] for each in outputs.values()}) == 1
    assert len(outputs) == 3


@pytest.mark.any_runtime
def test_strategy_free_with_few_forks(play: ToolPlay, model_server: ModelServer) -> None:
    """The hosts that wait do not keep the one that answers from its work."""
    model_server.script([{"calls": [CALL]}])
    outcome = play("--forks", "2", limit="all", subject="everything", strategy="free")
    assert outcome.rc == 0, outcome
    assert len(hosts_of(outcome, "Tool")) == 1
    assert len(hosts_of(outcome, "Outputs")) == 3


@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_tool_that_fails_the_play_fails_all_hosts(play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    (play.folder / "disk_usage.yml").write_text("- ansible.builtin.fail: msg=broken\n  name: Tool\n")
    model_server.script([{"calls": [CALL]}])
    outcome = play(limit="all", subject="everything", strategy=strategy, run_tool_errors="fail")
    assert outcome.rc == 2
    assert len(hosts_of(outcome, "Tool")) == 1
    (why,) = messages(outcome, "Report the reason")
    assert why.endswith(" is cancelled. The tool disk_usage failed: broken")
    assert outcome.stats["failures"] == 3
    assert [each.result["msg"]["status"] for each in outcome.tasks if each.name == "Outputs"] == ["cancelled"] * 3


@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_host_that_is_lost_does_not_keep_the_others_waiting(
    play: ToolPlay, model_server: ModelServer, strategy: str
) -> None:
    play.hosts(*_HOSTS, **dict.fromkeys(_HOSTS, _FAR))
    go = play.folder / "go"
    (play.folder / "disk_usage.yml").write_text(
        f"- {{ansible.builtin.wait_for: {{path: {go}}}, delegate_to: localhost}}\n"
        "- ansible.builtin.raw: uptime\n  name: Tool\n"
    )
    model_server.script([{"calls": [CALL]}])
    started = play.start(subject="everything", strategy=strategy)
    # A host that came later would find a cancelled run, and make another one.
    wait_for(lambda: sum(name.endswith(_SHARED) for name in started.ended_tasks()) == 3, 200)
    go.touch()
    outcome = started.wait()
    assert (outcome.stats["unreachable"], outcome.stats["failures"]) == (1, 2), outcome
    (lost,) = hosts_of(outcome, "Tool")
    told = " ".join(outcome.stderr.split())
    assert f" is cancelled: host {lost} left the play before it answered the tool calls of the run." in told
    assert [each.result["msg"]["status"] for each in outcome.tasks if each.name == "Outputs"] == ["cancelled"] * 2


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_tool_whose_role_does_not_exist(play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    """The hosts remain in the play, although Ansible lists them as failed."""
    model_server.script([{"calls": [CALL]} for _host in _HOSTS])
    playbook = ROLE.replace("disk_usage: disk_usage.yml", "disk_usage: {role: no.such.role}")
    outcome = play(limit="all", strategy=strategy, playbook=playbook)
    assert "left the play" not in outcome.stderr, outcome
    outputs = [each.result["msg"] for each in outcome.tasks if each.name == "Outputs"]
    assert [each["status"] for each in outputs] == ["completed"] * len(_HOSTS), outcome
    for request in model_server.runs[len(_HOSTS) :]:
        assert "The tool disk_usage failed" in str(answers(request))
