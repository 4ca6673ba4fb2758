# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that share a run: one of them answers its tool calls, the others wait for the run and get its result."""

from __future__ import annotations

import re

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.tool_play import (
    CALL,
    FAR,
    ToolPlay,
    answers,
    asked,
    hosts_of,
    messages,
    outputs,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

# The host, and how often it was unreachable and has failed.
_RECAP = r"^(\w+) +: .* unreachable=(\d+) +failed=(\d+)"
_SHARED = "Create the thread and run the assistant on it"


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_hosts_that_wait_leave_a_fork_for_the_one_that_answers(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """There are fewer forks than hosts. With enough forks, and with the strategy linear: test_tool_confirm.py."""
    tool_play.hosts("web", "db", "mail")
    model_server.script([{"calls": [CALL, CALL]}])
    outcome = tool_play("--forks", "2", limit="all", subject="everything", strategy="free")
    assert outcome.rc == 0, outcome
    assert len(hosts_of(outcome, "Tool")) == 2
    assert len(set(hosts_of(outcome, "Tool"))) == 1
    assert len(model_server.runs) == 2
    assert answers(model_server.runs[1]) == ["71% of /var"] * 2
    ended = outputs(outcome)
    assert {each["response"] for each in ended.values()} == {"Reply to: How full is everything?"}
    assert len({each["result"]["run_id"] for each in ended.values()}) == 1
    assert set(ended) == {"web", "db", "mail"}


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_tools_that_fail(tool_play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    """Three cases in one play.

    - A tool that fails the play fails both hosts that share the run.
    - The role of a tool does not exist: the host remains in the play, although Ansible lists it as failed.
    - A host is lost: it does not keep the other one waiting.
    """
    folder = tool_play.folder
    go = folder / "go"
    # A host that came later would find a cancelled run, and make another one.
    wait = f"- ansible.builtin.debug: {{msg: \"{{{{ lookup('pipe', 'until test -e {go}; do sleep 0.1; done') }}}}\"}}\n"
    (folder / "fails.yml").write_text(f"{wait}- ansible.builtin.fail: msg=broken\n  name: Tool\n")
    (folder / "lost.yml").write_text(f"{wait}- ansible.builtin.raw: uptime\n  name: Tool\n")
    fails = {"subject": "failing", "tool_tasks": {"disk_usage": "fails.yml"}, "run_tool_errors": "fail"}
    roleless = {"tool_tasks": {"disk_usage": {"role": "no.such.role"}}}
    lost = {"subject": "lost", "tool_tasks": {"disk_usage": "lost.yml"}, **FAR}
    tool_play.hosts(fails1=fails, fails2=fails, roleless=roleless, lost1=lost, lost2=lost)
    asking = ("failing", "roleless", "lost")
    model_server.script([{"match": f"is {subject}?", "calls": [CALL]} for subject in asking])
    started = tool_play.start(strategy=strategy)
    wait_for(lambda: sum(name.endswith(_SHARED) for name in started.ended_tasks()) == 5)
    go.touch()
    outcome = started.wait()
    ended = {host: each["status"] for host, each in outputs(outcome).items()}
    failing, gone = hosts_of(outcome, "Tool")
    if failing.startswith("lost"):
        failing, gone = gone, failing
    assert {failing, gone} <= {"fails1", "fails2", "lost1", "lost2"}
    (left,) = {"lost1", "lost2"} - {gone}
    assert ended == {**dict.fromkeys(("fails1", "fails2", left), "cancelled"), "roleless": "completed"}, outcome
    recap = {host: counts for host, *counts in re.findall(_RECAP, outcome.stdout, re.MULTILINE)}
    assert [recap[host] for host in ("fails1", "fails2", left)] == [["0", "1"]] * 3, outcome
    assert recap[gone] == ["1", "0"], outcome

    (why,) = [each for host in ("fails1", "fails2") for each in messages(outcome, "Report the reason", host)]
    assert why.endswith(" is cancelled. The tool disk_usage failed: broken")
    assert "The tool disk_usage failed" in str(answers(asked(model_server, "roleless")[1]))
    told = " ".join(outcome.stderr.split())
    assert f" is cancelled: host {gone} left the play before it answered the tool calls of the run." in told
    assert told.count("left the play") == 1, outcome
