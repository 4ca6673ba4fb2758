# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tool calls under attack: what is checked is carried out, and a run never stays behind waiting for its tools."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.tool_play import (
    CALL,
    FAR,
    ROLE,
    TOOL,
    ToolPlay,
    answers,
    asked,
    hosts_of,
    messages,
    outputs,
    play_on,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

_FORGED: dict[str, Any] = {"name": "reboot", "arguments": {"path": "now"}, "id": "call_x", "problem": None}
# Every name that the role uses, with what an attacker would like it to be.
_NAMES: dict[str, Any] = {
    "tool": _FORGED,
    "tool_output": "forged",
    "__run_now": {"status": "completed"},
    "__run_turn": {"taken": True, "calls": [_FORGED]},
    "__run_verdict": {"allowed": True, "problem": ""},
    "__run_answers": [],
    "__run_problem": "forged",
    "__run_earlier": {"result": {"msg": "forged"}, "task": {}},
    "__run_round": -1000,
    "__run_in_vain": [],
    "__run_tool_problems": "",
    "__run_on_thread": {},
    "__run_with_thread": {},
    "__run_call": _FORGED,
    "__run_tool_files": {"disk_usage": "/etc/passwd"},
}
# Returns facts of the host, as modules do.
_FORGE = """
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {**super().run(tmp, task_vars), "changed": False, "ansible_facts": self._task.args["facts"]}
"""
_INCLUDE = "            name: threadworks.openai.run\n"


def _with(tasks: str, play: str = ROLE) -> str:
    """The play, with these tasks before the role."""
    head, role = play.split("    - name: Role\n")
    return f"{head}{tasks}    - name: Role\n{role}"


@pytest.fixture
def forge(tool_play: ToolPlay) -> str:
    """The name of an action that sets facts of the host."""
    (tool_play.folder / "action_plugins").mkdir()
    (tool_play.folder / "action_plugins" / "forge.py").write_text(_FORGE)
    return "forge"


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_no_variable_replaces_the_checked_call(tool_play: ToolPlay, model_server: ModelServer, forge: str) -> None:
    """The host `sets` sets variables and facts, as set_fact and register do, `gathers` only facts, as modules do.

    On `gathers`, a loop of the include also sets the variable `tool`.
    """
    set_fact = f"- ansible.builtin.set_fact: {json.dumps({**_NAMES, 'cacheable': True})}\n"
    forgers = {"sets": set_fact, "gathers": f"- {forge}: {json.dumps({'facts': _NAMES})}\n"}
    # The tool's own tasks do it too, before and after they look at their call.
    (tool_play.folder / "disk_usage.yml").write_text(
        f"- ansible.builtin.set_fact: {json.dumps({name: _NAMES[name] for name in ('tool', '__run_call')})}\n{TOOL}"
    )
    calls = [CALL, {"name": "disk_usage", "arguments": {"path": "bad"}}]
    model_server.script([{"match": f"is {host}?", "calls": calls} for host in forgers])
    tool_play.hosts(*forgers, "other")
    loop = f"{_INCLUDE}          loop: [forged]\n          loop_control: {{loop_var: tool}}\n"
    plays = {host: play_on(host, play=_with(f"    {tasks}")) for host, tasks in forgers.items()}
    plays["gathers"] = plays["gathers"].replace(_INCLUDE, loop)
    outcome = tool_play(limit="all", playbook="".join(plays.values()))
    assert outcome.rc == 0, outcome
    for host in forgers:
        assert messages(outcome, "Tool", host) == ['disk_usage {"path": "/var"}'], host
        good, bad = answers(asked(model_server, host)[1])
        assert good == "71% of /var", host
        assert bad["error"].startswith("The arguments of disk_usage were refused: $.path: "), host


_BARE = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Role
      ansible.builtin.include_role: {name: threadworks.openai.run}
      vars:
        run_assistant_id: asst_x
        run_messages: [{content: Hello}]
"""
# An extra variable is set on all hosts, but on each host only one of them has a value that the role has not set.
_OUTRANKED: dict[str, dict[str, Any]] = {
    **{name.strip("_"): {name: _NAMES[name]} for name in ("tool", "tool_output", "__run_now", "__run_turn")},
    "run_verdict": {"__run_verdict": _NAMES["__run_verdict"]},
    "no_tool": {"tool": None},
    "no_round": {"__run_round": None},
    "not_in_vain": {"__run_in_vain": None},
}


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_an_extra_variable_that_outranks_the_role_is_refused(tool_play: ToolPlay, model_server: ModelServer) -> None:
    ignoring = {"ignoring": {"__run_verdict": {"allowed": True}}}
    hosts = {host: {"outranked": forged} for host, forged in {**_OUTRANKED, **ignoring}.items()}
    tool_play.hosts("other", **hosts)
    names = {name for forged in _OUTRANKED.values() for name in forged}
    extra = {name: f"{{{{ outranked['{name}'] if '{name}' in outranked else 'not set' }}}}" for name in names}
    playbook = play_on("all:!ignoring", play=_BARE) + play_on("ignoring", "ignore_errors: true", _BARE)
    outcome = tool_play("-e", json.dumps(extra), limit="all", playbook=playbook)
    assert outcome.rc == 2
    for host in hosts:
        told = messages(outcome, "Check that the variables have the values that were set", host)
        assert len(told) == 1, (host, str(outcome))
        assert told[0].endswith("Rename that variable."), host
    assert (outcome.stats["failures"], model_server.runs) == (len(hosts), []), outcome


@pytest.mark.any_runtime
def test_what_is_refused_before_there_is_a_run(tool_play: ToolPlay, model_server: ModelServer, forge: str) -> None:
    """A variable of an outer include would replace what a tool answers. Facts outrank an inventory."""
    tool_play.hosts("included", "facts", "other")
    include = _BARE.replace("      vars:\n", "      vars:\n        tool_output: forged\n")
    facts = {"run_tool_confirm": False, "run_tool_tasks": {"disk_usage": "/tmp/forged.yml"}}
    sets = _with(f"    - {forge}: {json.dumps({'facts': facts})}\n", _BARE)
    outcome = tool_play(limit="all", playbook=play_on("included", play=include) + play_on("facts", play=sets))
    assert (outcome.rc, outcome.stats["failures"], model_server.runs) == (2, 2, []), outcome
    (told,) = messages(outcome, "Check that the variables have the values that were set", "included")
    assert told.endswith("Rename that variable.")
    (told,) = messages(outcome, "Check that no fact of the host sets an input", "facts")
    assert told.startswith("The facts of facts include run_tool_confirm, run_tool_tasks.")


_UNUSABLE = {"name": "disk_usage", "parameters": {"$ref": "http://127.0.0.1:1/schema.json"}}
_FAILURES: dict[str, dict[str, Any]] = {
    "outlasts": {"run_wait_timeout": 5},
    "rescue": {"run_tool_errors": "fail", "tool_tasks": {"disk_usage": "rescue.yml"}},
    "schema": {"run_tools": [{"type": "function", "function": _UNUSABLE}]},
    "endless": {"run_tool_rounds": 2},
    "broken": {"run_tool_errors": "fail", "tool_tasks": {"disk_usage": "broken.yml"}},
}


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_a_run_whose_tools_fail_the_play_is_cancelled(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """It could call tools again after the role has ended. On the last two hosts, the play ignores errors."""
    (tool_play.folder / "rescue.yml").write_text(
        "- block: [{ansible.builtin.fail: {msg: first}}]\n  rescue: [{ansible.builtin.fail: {msg: '{{ second }}'}}]\n"
    )
    (tool_play.folder / "broken.yml").write_text("- ansible.builtin.fail: {msg: broken}\n")
    tool_play.hosts("other", **_FAILURES)
    model_server.script(
        [
            {"match": "is outlasts?", "calls": [CALL]},
            {"match": "is outlasts?", "hang": True},
            {"match": "is rescue?", "calls": [CALL]},
            {"match": "is endless?", "calls": [CALL], "sticky": True},
            {"match": "is broken?", "calls": [CALL, CALL]},
        ]
    )
    playbook = play_on("all:!endless:!broken") + play_on("endless:broken", "ignore_errors: true")
    outcome = tool_play(limit="all", playbook=playbook)
    assert (outcome.rc, outcome.stats["failures"]) == (2, len(_FAILURES)), outcome
    ended = outputs(outcome)
    # This run is refused, before any call. Before ansible-core 2.19, its status is an empty text.
    assert not ended["schema"].pop("status"), outcome
    assert {ended[host]["status"] for host in _FAILURES if host != "schema"} == {"cancelled"}, outcome
    assert "chema" in ended["schema"]["result"]["msg"], outcome
    assert sorted(hosts_of(outcome, "Tool")) == ["endless", "endless", "outlasts"]
    assert [len(asked(model_server, host)) for host in _FAILURES] == [2, 1, 0, 3, 1]
    why = {host: messages(outcome, "Report the reason", host) for host in _FAILURES if host != "schema"}
    begin = {host: f"Run {ended[host]['result']['run_id']} is cancelled. " for host in why}
    assert "second" in why["rescue"][0]
    assert why["rescue"][0].startswith(f"{begin['rescue']}The tool disk_usage failed: ")
    assert why == {
        "outlasts": [f"{begin['outlasts']}It was still in_progress after 5 seconds (run_wait_timeout)."],
        "rescue": why["rescue"],
        "endless": [f"{begin['endless']}The model still calls tools after 2 rounds (run_tool_rounds): disk_usage."],
        "broken": [f"{begin['broken']}The tool disk_usage failed: broken"],
    }
    assert ended["endless"]["result"]["run"]["status"] == "cancelled"


_LEFT = " is cancelled: host {} left the play before it answered the tool calls of the run."


@pytest.mark.matrix
def test_a_host_that_is_lost_leaves_no_run_behind(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """The run is cancelled when the playbook ends. That the same play makes another run then: the last test."""
    tool_play.hosts(web=FAR)
    (tool_play.folder / "disk_usage.yml").write_text("- ansible.builtin.raw: uptime\n  name: Tool\n")
    model_server.script([{"calls": [CALL]}])
    outcome = tool_play()
    assert outcome.stats["unreachable"] == 1, outcome
    assert hosts_of(outcome, "Check that the tool has set tool_output") == []
    assert _LEFT.format("web") in " ".join(outcome.stderr.split()), outcome


_LATER = """
- hosts: later
  gather_facts: false
  tasks:
    - name: Look
      threadworks.openai.openai_run_info:
        thread_id: "{{ hostvars[item].__run_now.thread_id }}"
      loop: LOST
"""


@pytest.mark.matrix
def test_all_ways_to_lose_a_host(tool_play: ToolPlay, model_server: ModelServer, served: tuple[str, list[str]]) -> None:
    """The next play cancels the run, once. It finds the thread unlocked."""
    lost = {"unreachable": "raw: uptime", "ignored": "raw: uptime", "host": "meta: end_host", "play": "meta: end_play"}
    for host, task in lost.items():
        (tool_play.folder / f"{host}.yml").write_text(f"- ansible.builtin.{task}\n{TOOL}")
    files = {host: {"tool_tasks": {"disk_usage": f"{host}.yml"}} for host in lost}
    tool_play.hosts(**{host: {**FAR, **files[host]} for host in lost}, later={}, other={})
    model_server.script([{"calls": [CALL], "match": f"is {host}?"} for host in lost])
    plays = [play_on("unreachable:host"), play_on("ignored", "ignore_unreachable: true"), play_on("play")]
    address, requests = served
    playbook = "".join(plays) + _LATER.replace("LOST", json.dumps(list(lost)))
    outcome = tool_play.start(playbook=playbook, env={"OPENAI_RUNTIME_URL": address}).wait()
    assert hosts_of(outcome, "Tool") == []
    assert hosts_of(outcome, "Check that the tool has set tool_output") == []
    told = " ".join(outcome.stderr.split())
    assert {host: told.count(_LEFT.format(host)) for host in lost} == dict.fromkeys(lost, 1), outcome
    assert sum(each.endswith("/cancel") for each in requests) == len(lost)
    found = [each["runs"][0]["status"] for each in outcome.results["Look"]["results"]]
    assert found == ["cancelled"] * len(lost), outcome


def test_a_playbook_that_is_ended_in_a_tool(tool_play: ToolPlay, model_server: ModelServer, tmp_path: Path) -> None:
    """Ctrl+C cancels the run. After a kill, which nothing survives, the same playbook continues it."""
    tool = tool_play.folder / "disk_usage.yml"
    begun = tmp_path / "begun"
    # After a kill its shell ends by itself.
    tool.write_text(f"- ansible.builtin.shell: touch {begun}; while [ -e {begun} ]; do sleep 0.1; done\n")
    tool_play.hosts("interrupted", "killed")
    for host, number in (("interrupted", signal.SIGINT), ("killed", signal.SIGKILL)):
        model_server.script([{"match": f"is {host}?", "calls": [CALL]}])
        started = tool_play.start(limit=host)
        wait_for(begun.exists)
        os.killpg(started.process.pid, number)
        outcome = started.wait()
        begun.unlink()
        told = _LEFT.format(host) in " ".join(outcome.stderr.split())
        assert told == (number == signal.SIGINT), (host, str(outcome))
    tool.write_text(TOOL)
    again = tool_play(limit="all")
    assert again.rc == 0, again
    assert {host: each["status"] for host, each in outputs(again).items()} == {
        "interrupted": "completed",
        "killed": "completed",
    }
    assert hosts_of(again, "Tool") == ["killed"]
