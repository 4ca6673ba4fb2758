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
    ROLE,
    TOOL,
    ToolPlay,
    answers,
    hosts_of,
    messages,
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
    "__run_round": -1000,
    "__run_in_vain": [],
    "__run_on_thread": {},
    "__run_with_thread": {},
    "__run_call": _FORGED,
    "__run_tool_files": {"disk_usage": "/etc/passwd"},
}
_MODULE = """#!/usr/bin/python
import json
print(json.dumps({"changed": False, "ansible_facts": json.loads(%r)}))
"""


def _with(tasks: str) -> str:
    """The play, with these tasks before the role."""
    head, role = ROLE.split("    - name: Role\n")
    return f"{head}{tasks}    - name: Role\n{role}"


# Ways to set them, by the hosts that use them.
_FORGERS = {
    "sets": f"- ansible.builtin.set_fact: {json.dumps(_NAMES)}\n",
    "caches": f"- ansible.builtin.set_fact: {json.dumps({**_NAMES, 'cacheable': True})}\n",
    "registers": "".join(f"- {{ansible.builtin.debug: , register: {name}}}\n" for name in _NAMES),
    "gathers": "- forge:\n",
}


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_no_variable_replaces_the_checked_call(tool_play: ToolPlay, model_server: ModelServer) -> None:
    folder = tool_play.folder
    (folder / "library").mkdir()
    (folder / "library" / "forge.py").write_text(_MODULE % json.dumps(_NAMES))
    # The tool's own tasks do it too, before and after they look at their call.
    (folder / "disk_usage.yml").write_text(
        f"- ansible.builtin.set_fact: {json.dumps({name: _NAMES[name] for name in ('tool', '__run_call')})}\n{TOOL}"
    )
    tool_play.hosts(*_FORGERS)
    calls = [CALL, {"name": "disk_usage", "arguments": {"path": "bad"}}]
    model_server.script([{"match": f"How full is {host}?", "calls": calls} for host in _FORGERS])
    for host, tasks in _FORGERS.items():
        (folder / f"{host}.yml").write_text(tasks)
    # Unlike tasks with a condition, included tasks register nothing on the other hosts.
    include = '    - ansible.builtin.include_tasks: "{{ inventory_hostname }}.yml"\n'
    outcome = tool_play(limit="all", playbook=_with(include))
    assert outcome.rc == 0, outcome
    answered = {}
    for host in _FORGERS:
        assert messages(outcome, "Tool", host) == ['disk_usage {"path": "/var"}'], host
        (request,) = (run for run in model_server.runs if f"is {host}?" in json.dumps(run["input"]) and answers(run))
        answered[host] = answers(request)
    for host, (good, bad) in answered.items():
        assert good == "71% of /var", host
        assert bad["error"].startswith("The arguments of disk_usage were refused: $.path: "), host


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, _NAMES[name]) for name in ("tool", "tool_output", "__run_now", "__run_turn", "__run_verdict")),
        ("__run_round", None),
        ("__run_in_vain", None),
        ("tool", None),
    ],
)
def test_an_extra_variable_that_outranks_the_role_is_refused(
    tool_play: ToolPlay, model_server: ModelServer, name: str, value: object
) -> None:
    outcome = tool_play("-e", json.dumps({name: value}))
    assert outcome.rc == 2
    (told,) = messages(outcome, "Check that the variables have the values that were set")
    assert told.endswith("Rename that variable.")
    assert model_server.runs == []


@pytest.mark.any_runtime
def test_a_variable_of_an_outer_include(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """It would replace what a tool answers; but the call that the tool gets is the checked one."""
    model_server.script([{"calls": [CALL]}])
    call = "            name: threadworks.openai.run\n"
    refused = tool_play(playbook=ROLE.replace(call, f"{call}          vars: {{tool_output: forged}}\n"))
    assert (refused.rc, model_server.runs) == (2, [])
    looped = tool_play(
        playbook=ROLE.replace(call, f"{call}          loop: [forged]\n          loop_control: {{loop_var: tool}}\n")
    )
    assert looped.rc == 0, looped
    assert messages(looped, "Tool") == ['disk_usage {"path": "/var"}']


@pytest.mark.any_runtime
def test_a_fact_of_a_host_does_not_decide_about_tools(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """Facts outrank what an inventory or a play sets."""
    (tool_play.folder / "library").mkdir()
    forged = {"run_tool_confirm": False, "run_tool_tasks": {"disk_usage": "/tmp/forged.yml"}}
    (tool_play.folder / "library" / "forge.py").write_text(_MODULE % json.dumps(forged))
    outcome = tool_play(playbook=_with("    - forge:\n"))
    assert (outcome.rc, model_server.runs) == (2, [])
    (told,) = messages(outcome, "Check that no fact of the host sets an input")
    assert told.startswith("The facts of web include run_tool_confirm, run_tool_tasks.")


def _play_with(keyword: str) -> str:
    """The play, with a keyword of its own."""
    return ROLE.replace("  gather_facts: false\n", f"  gather_facts: false\n  {keyword}\n", 1)


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_a_play_that_ignores_errors_switches_no_check_off(tool_play: ToolPlay, model_server: ModelServer) -> None:
    playbook = _play_with("ignore_errors: true")
    refused = tool_play("-e", json.dumps({"__run_verdict": {"allowed": True}}), playbook=playbook)
    assert (refused.rc, model_server.runs) == (2, []), refused
    model_server.script([{"calls": [CALL]}, {"calls": [CALL]}])
    endless = tool_play(playbook=playbook, run_tool_rounds=1)
    assert (endless.rc, len(hosts_of(endless, "Tool"))) == (2, 1), endless
    (why,) = messages(endless, "Report the reason")
    assert " The model still calls tools after 1 round (run_tool_rounds): disk_usage." in why
    (tool_play.folder / "disk_usage.yml").write_text("- ansible.builtin.fail: {msg: broken}\n")
    model_server.script([{"calls": [CALL]}])
    failed = tool_play(playbook=playbook, run_tool_errors="fail")
    assert (failed.rc, failed.results["Outputs"]["msg"]["status"]) == (2, "cancelled"), failed


@pytest.mark.any_runtime
def test_a_play_that_ignores_unreachable_hosts(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """The host is lost, and its run is cancelled."""
    tool_play.hosts("web", web="ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1")
    (tool_play.folder / "disk_usage.yml").write_text(f"- ansible.builtin.raw: uptime\n{TOOL}")
    model_server.script([{"calls": [CALL]}])
    outcome = tool_play(playbook=_play_with("ignore_unreachable: true"))
    assert hosts_of(outcome, "Tool") == []
    assert _LOST in " ".join(outcome.stderr.split()), outcome


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_a_block_in_check_mode_runs_no_tool(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """A run that waits for its tools is found by a playbook that runs without --check."""
    model_server.script([{"calls": [CALL]}])
    waiting = tool_play(run_tool_tasks={})
    assert waiting.results["Outputs"]["msg"]["status"] == "requires_action", waiting
    (tool_play.folder / "disk_usage.yml").write_text(
        f"- {{name: Tool, ansible.builtin.command: echo, check_mode: false}}\n{TOOL}"
    )
    block = "      block:\n        - ansible.builtin.include_role"
    checked = tool_play(playbook=ROLE.replace(block, f"      check_mode: true\n{block}"))
    assert checked.rc == 0, checked
    assert hosts_of(checked, "Claim the tool calls, unless another host has claimed them") == ["web"]
    assert hosts_of(checked, "Tool") == []
    assert len(model_server.runs) == 1


@pytest.mark.any_runtime
def test_a_run_that_outlasts_a_round_is_cancelled(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """The run could call tools again after the role has ended."""
    model_server.script([{"calls": [CALL]}, {"hang": True}])
    outcome = tool_play(run_wait_timeout=5)
    assert outcome.rc == 2
    (why,) = messages(outcome, "Report the reason")
    assert why.endswith(" is cancelled. It was still in_progress after 5 seconds (run_wait_timeout)."), why
    assert outcome.results["Outputs"]["msg"]["status"] == "cancelled"


@pytest.mark.any_runtime
def test_a_long_output_is_truncated(tool_play: ToolPlay, model_server: ModelServer) -> None:
    files = {
        "text": "tool_output: \"{{ '\u00fc' * 2000000 }}\"",
        "data": 'tool_output: "{{ range(100000) | list }}"',
        "short": "tool_output: \"{{ [1, {'a': none}] }}\"",
        "number": "tool_output: 5",
    }
    for name, text in files.items():
        (tool_play.folder / f"{name}.yml").write_text(f"- ansible.builtin.set_fact:\n    {text}\n")
    (tool_play.folder / "failing.yml").write_text("- ansible.builtin.fail: msg=\"{{ 'x' * 100000 }}\"\n")
    names = (*files, "failing")
    model_server.script([{"calls": [{"name": name, "arguments": {}} for name in names]}])
    outcome = tool_play(
        run_tools=[{"type": "function", "function": {"name": name}} for name in names],
        run_tool_tasks={name: f"{name}.yml" for name in names},
    )
    assert outcome.rc == 0, outcome
    outputs = [item["output"] for item in model_server.runs[1]["input"] if item["type"] == "function_call_output"]
    text, data, short, number, failing = outputs
    note = "\n[cut: these are the first 65536 of {} characters. Ask for less at a time.]"
    assert text == "\u00fc" * 65536 + note.format(2000000)
    whole = json.dumps(list(range(100000)))
    assert data == whole[:65536] + note.format(len(whole))
    assert json.loads(short) == [1, {"a": None}]
    assert number == "5"
    told = json.loads(failing)["error"]
    assert told.startswith("The tool failing failed: xxx")
    assert told[65536:].startswith("\n[cut: these are the first 65536 of ")


@pytest.mark.any_runtime
def test_the_limit_is_an_option(tool_play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL]}])
    assert tool_play(run_tool_output_limit=3).rc == 0
    assert answers(model_server.runs[1]) == [
        "71%\n[cut: these are the first 3 of 11 characters. Ask for less at a time.]"
    ]
    refused = tool_play(run_tool_output_limit=0)
    assert messages(refused, "Check the limits for tools") != []
    assert "run_tool_output_limit is 0, but must be at least 1." in str(refused)


_LOST = " is cancelled: host web left the play before it answered the tool calls of the run."


@pytest.mark.matrix
@pytest.mark.parametrize(
    "task",
    [
        pytest.param("ansible.builtin.raw: uptime", id="unreachable"),
        pytest.param("ansible.builtin.meta: end_host", id="end_host", marks=pytest.mark.any_runtime),
        pytest.param("ansible.builtin.meta: end_play", id="end_play", marks=pytest.mark.any_runtime),
    ],
)
def test_a_host_that_is_lost_leaves_no_run_behind(tool_play: ToolPlay, model_server: ModelServer, task: str) -> None:
    tool_play.hosts("web", web="ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1")
    (tool_play.folder / "disk_usage.yml").write_text(f"- {task}\n  name: Tool\n")
    model_server.script([{"calls": [CALL]}])
    outcome = tool_play()
    assert outcome.stats["unreachable"] == (1 if "raw" in task else 0), outcome
    assert hosts_of(outcome, "Check that the tool has set tool_output") == []
    assert _LOST in " ".join(outcome.stderr.split()), outcome
    # It has not been continued: the same play makes another run.
    tool_play.hosts("web")
    again = tool_play()
    assert (again.rc, again.results["Outputs"]["msg"]["status"]) == (0, "completed"), again
    assert [answers(run) for run in model_server.runs] == [[], []]


def test_a_host_that_is_lost_with_a_served_runtime(
    tool_play: ToolPlay, model_server: ModelServer, served: tuple[str, list[str]]
) -> None:
    address, requests = served
    tool_play.hosts("web", web="ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1")
    (tool_play.folder / "disk_usage.yml").write_text("- ansible.builtin.raw: uptime\n")
    model_server.script([{"calls": [CALL]}])
    outcome = tool_play.start(limit="web", env={"OPENAI_RUNTIME_URL": address}).wait()
    assert _LOST in " ".join(outcome.stderr.split()), outcome
    assert sum(each.endswith("/cancel") for each in requests) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl+C", "kill"])
def test_a_playbook_that_is_ended_in_a_tool(
    tool_play: ToolPlay, model_server: ModelServer, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl+C cancels the run. After a kill, which nothing survives, the same playbook continues it."""
    tool = tool_play.folder / "disk_usage.yml"
    begun = tmp_path / "begun"
    # After a kill its shell ends by itself.
    tool.write_text(f"- ansible.builtin.shell: touch {begun}; while [ -e {begun} ]; do sleep 0.1; done\n")
    model_server.script([{"calls": [CALL]}])
    started = tool_play.start(limit="web")
    wait_for(begun.exists)
    os.killpg(started.process.pid, number)
    outcome = started.wait()
    begun.unlink()
    assert ("is cancelled: host web left the play" in " ".join(outcome.stderr.split())) == (number == signal.SIGINT)
    tool.write_text(TOOL)
    again = tool_play()
    assert (again.rc, again.results["Outputs"]["msg"]["status"]) == (0, "completed"), again
    assert len(hosts_of(again, "Tool")) == (0 if number == signal.SIGINT else 1)


_LATER = """
- hosts: db
  gather_facts: false
  tasks:
    - name: Look
      threadworks.openai.openai_run_info:
        thread_id: "{{ hostvars.web.__run_now.thread_id }}"
"""


@pytest.mark.any_runtime
def test_a_later_play_finds_the_thread_unlocked(tool_play: ToolPlay, model_server: ModelServer) -> None:
    tool_play.hosts("web", "db", web="ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1")
    (tool_play.folder / "disk_usage.yml").write_text("- ansible.builtin.raw: uptime\n")
    model_server.script([{"calls": [CALL], "match": "is web?"}])
    outcome = tool_play(limit="all", playbook=ROLE + _LATER)
    assert outcome.results["Look"]["runs"][0]["status"] == "cancelled", outcome
    assert " ".join(outcome.stderr.split()).count(_LOST) == 1


_DEEP = '{"path":' * 10_000 + "1" + "}" * 10_000
_SCHEMAS: dict[str, Any] = {
    "endless": {"properties": {"path": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
    "none": {"$ref": "#/$defs/none"},
    "remote": {"$ref": "http://127.0.0.1:1/schema.json"},
}


@pytest.mark.any_runtime
def test_checks_that_break_refuse_the_call(tool_play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [{"name": "disk_usage", "arguments": _DEEP}]}])
    outcome = tool_play()
    assert outcome.rc == 0, outcome
    assert hosts_of(outcome, "Tool") == []
    (told,) = answers(model_server.runs[1])
    assert told["error"].startswith("The arguments of disk_usage were refused: ")
    assert len(told["error"]) < 2000


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_names_of_methods_are_refused(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """In a template, `dictionary["keys"]` is a method if there is no such key."""
    names = ["keys", "items", "get", "pop", "clear", "__class__"]
    model_server.script([{"calls": [{"name": name, "arguments": {}} for name in names]}])
    outcome = tool_play()
    assert outcome.rc == 0, outcome
    assert hosts_of(outcome, "Tool") == []
    refusals = [answer["error"] for answer in answers(model_server.runs[1])]
    assert refusals == [f"The tool {name} is not allowed. Allowed tools: disk_usage, reboot." for name in names]


@pytest.mark.any_runtime
@pytest.mark.parametrize("schema", _SCHEMAS)
def test_a_schema_that_cannot_be_used_leaves_no_run_behind(
    tool_play: ToolPlay, model_server: ModelServer, schema: str
) -> None:
    tool = {"type": "function", "function": {"name": "disk_usage", "parameters": _SCHEMAS[schema]}}
    model_server.script([{"calls": [CALL]}, {"sticky": True}])
    outcome = tool_play(run_tools=[tool])
    if schema != "endless":
        assert hosts_of(outcome, "Tool") == []
        assert "chema" in str(outcome), outcome
    # It is refused before there is a run, or the call is.
    assert outcome.results["Outputs"]["msg"]["status"] in (None, "completed", "cancelled"), outcome


@pytest.mark.any_runtime
def test_a_failure_of_the_role_itself_cancels_the_run(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """An output that cannot be sent, and a rescue that fails."""
    (tool_play.folder / "disk_usage.yml").write_text(
        "- block: [{ansible.builtin.fail: {msg: first}}]\n  rescue: [{ansible.builtin.fail: {msg: '{{ second }}'}}]\n"
    )
    model_server.script([{"calls": [CALL]}])
    outcome = tool_play(run_tool_errors="fail")
    assert outcome.rc == 2
    (why,) = messages(outcome, "Report the reason")
    assert " is cancelled. The tool disk_usage failed: " in why
    assert "second" in why
    assert outcome.results["Outputs"]["msg"]["status"] == "cancelled"
