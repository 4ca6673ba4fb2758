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

_SHARED = "Create the thread and run the assistant on it"
_FAR = "ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize(("strategy", "forks"), [("linear", 5), ("free", 2)])
def test_one_host_answers(tool_play: ToolPlay, model_server: ModelServer, strategy: str, forks: int) -> None:
    """If there are fewer forks than hosts, those that wait do not keep the one that answers from its work."""
    tool_play.hosts("web", "db", "mail")
    model_server.script([{"calls": [CALL, CALL]}, {"calls": [CALL]}])
    outcome = tool_play("--forks", str(forks), limit="all", subject="everything", strategy=strategy)
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
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_tool_that_fails_the_play_fails_all_hosts(
    tool_play: ToolPlay, model_server: ModelServer, strategy: str
) -> None:
    (tool_play.folder / "disk_usage.yml").write_text("- ansible.builtin.fail: msg=broken\n  name: Tool\n")
    model_server.script([{"calls": [CALL]}])
    outcome = tool_play(limit="all", subject="everything", strategy=strategy, run_tool_errors="fail")
    assert outcome.rc == 2
    assert len(hosts_of(outcome, "Tool")) == 1
    (why,) = messages(outcome, "Report the reason")
    assert why.endswith(" is cancelled. The tool disk_usage failed: broken")
    assert outcome.stats["failures"] == 2
    assert [each.result["msg"]["status"] for each in outcome.tasks if each.name == "Outputs"] == ["cancelled"] * 2


@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_host_that_is_lost_does_not_keep_the_others_waiting(
    tool_play: ToolPlay, model_server: ModelServer, strategy: str
) -> None:
    tool_play.hosts("web", "db", web=_FAR, db=_FAR)
    go = tool_play.folder / "go"
    (tool_play.folder / "disk_usage.yml").write_text(
        f"- {{ansible.builtin.wait_for: {{path: {go}}}, delegate_to: localhost}}\n"
        "- ansible.builtin.raw: uptime\n  name: Tool\n"
    )
    model_server.script([{"calls": [CALL]}])
    started = tool_play.start(subject="everything", strategy=strategy)
    # A host that came later would find a cancelled run, and make another one.
    wait_for(lambda: sum(name.endswith(_SHARED) for name in started.ended_tasks()) == 2)
    go.touch()
    outcome = started.wait()
    assert (outcome.stats["unreachable"], outcome.stats["failures"]) == (1, 1), outcome
    (lost,) = hosts_of(outcome, "Tool")
    told = " ".join(outcome.stderr.split())
    assert f" is cancelled: host {lost} left the play before it answered the tool calls of the run." in told
    assert [each.result["msg"]["status"] for each in outcome.tasks if each.name == "Outputs"] == ["cancelled"]


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_tool_whose_role_does_not_exist(tool_play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    """The hosts remain in the play, although Ansible lists them as failed."""
    model_server.script([{"calls": [CALL]}] * 2)
    playbook = ROLE.replace("disk_usage: disk_usage.yml", "disk_usage: {role: no.such.role}")
    outcome = tool_play(limit="all", strategy=strategy, playbook=playbook)
    assert "left the play" not in outcome.stderr, outcome
    outputs = [each.result["msg"] for each in outcome.tasks if each.name == "Outputs"]
    assert [each["status"] for each in outputs] == ["completed"] * 2, outcome
    for request in model_server.runs[2:]:
        assert "The tool disk_usage failed" in str(answers(request))
