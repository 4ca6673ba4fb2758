# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tools that fail: what the model and the operator learn, and which failure is which."""

from __future__ import annotations

import json
import re

import pytest
from ansible.release import __version__

from ansible_collections.threadworks.openai.tests.integration.tool_play import (
    CALL,
    ROLE,
    TOOL,
    ToolPlay,
    answers,
    asked,
    messages,
    outputs,
    play_on,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer


@pytest.mark.skipif(__version__.startswith("2.16."), reason="the other hosts continue before ansible-core 2.17")
@pytest.mark.matrix
def test_the_failure_of_another_host_is_the_reason(tool_play: ToolPlay, model_server: ModelServer) -> None:
    (tool_play.folder / "broken.yml").write_text(
        "- ansible.builtin.fail: {msg: broken}\n  when: inventory_hostname == 'web'\n" + TOOL
    )
    model_server.script([{"match": "How full", "calls": [CALL], "sticky": True}])
    playbook = play_on("all", "any_errors_fatal: true")
    outcome = tool_play(
        limit="all", playbook=playbook, run_tool_errors="fail", run_tool_tasks={"disk_usage": "broken.yml"}
    )
    why = {host: messages(outcome, "Report the reason", host)[0].partition(" is cancelled. ") for host in ("web", "db")}
    assert [reason for _run, _is, reason in why.values()] == [
        "The tool disk_usage failed: broken",
        "Another host failed, and the play has any_errors_fatal.",
    ]
    assert {host: each["status"] for host, each in outputs(outcome).items()} == dict.fromkeys(why, "cancelled")


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_outputs_and_errors_of_tools(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """Errors are reported to the model, and long outputs are truncated, the last one to 3 characters."""
    files = {
        "good": TOOL,
        "failing": "- ansible.builtin.command: sh -c 'echo not mounted >&2; exit 3'\n",
        "secret": "- ansible.builtin.fail: msg=confidential\n  no_log: true\n",
        "silent": "- ansible.builtin.debug:\n",
        "broken": "- ansible.builtin.debug: msg={{ nothing_of_that_name }}\n",
        "text": "- ansible.builtin.set_fact:\n    tool_output: \"{{ '\u00fc' * 200000 }}\"\n",
        "data": '- ansible.builtin.set_fact:\n    tool_output: "{{ range(20000) | list }}"\n',
        "short": "- ansible.builtin.set_fact:\n    tool_output: \"{{ [1, {'a': none}] }}\"\n",
        "number": "- ansible.builtin.set_fact:\n    tool_output: 5\n",
        "long": "- ansible.builtin.fail: msg=\"{{ 'x' * 100000 }}\"\n",
        "nested": "- ansible.builtin.include_tasks: nowhere.yml\n",
        # Before ansible-core 2.19, this failure has no message.
        "mute": "- ansible.builtin.stat: path=/\n  failed_when: true\n",
        "limited": f"- ansible.builtin.set_fact: {{run_tool_output_limit: 3}}\n{TOOL}",
    }
    for name, text in files.items():
        (tool_play.folder / f"{name}.yml").write_text(text)
    called = ("role", "good", *files)
    model_server.script([{"calls": [{"name": name, "arguments": {"path": "/"}} for name in called]}])
    outcome = tool_play(
        run_tools=[{"type": "function", "function": {"name": name}} for name in ("role", *files)],
        run_tool_tasks={"role": {"role": "nowhere"}, **{name: f"{name}.yml" for name in files}},
    )
    assert outcome.rc == 0, outcome
    (request,) = model_server.runs[1:]
    absent, *given = (item["output"] for item in request["input"] if item["type"] == "function_call_output")
    reason = "a file or role that it includes does not exist. The output of the playbook names it"
    assert json.loads(absent) == {"error": f"The tool role failed: {reason}"}
    assert given[:2] == ["71% of /"] * 2
    failed, secret, silent, broken = (json.loads(output) for output in given[2:6])
    assert failed["error"].startswith("The tool failing failed: ")
    assert failed["error"].endswith("non-zero return code: not mounted")
    assert secret == {"error": "The tool secret failed: its output is hidden (no_log)"}
    # An earlier call's answer is not taken for this one's.
    assert silent == {"error": "The tool silent failed: its tasks did not set tool_output"}
    assert "nothing_of_that_name" in broken["error"]
    text, data, short, number, long, nested, mute, limited = given[6:]
    note = "\n[cut: these are the first {} of {} characters. Ask for less at a time.]"
    assert text == "\u00fc" * 65536 + note.format(65536, 200000)
    whole = json.dumps(list(range(20000)))
    assert data == whole[:65536] + note.format(65536, len(whole))
    assert json.loads(short) == [1, {"a": None}]
    assert number == "5"
    told = json.loads(long)["error"]
    assert told.startswith("The tool long failed: xxx")
    assert told[65536:].startswith("\n[cut: these are the first 65536 of ")
    # An earlier call's error is not taken for this one's.
    assert json.loads(nested) == {"error": f"The tool nested failed: {reason}"}
    assert re.fullmatch(
        "The tool mute failed: (no message|.+evaluated to 'True'|.+Unknown error)", json.loads(mute)["error"]
    )
    assert limited == "71%" + note.format(3, 8)


_IN_RESCUE = """
        - name: Original
          ansible.builtin.command: sh -c 'printf %s%s confi dential >&2; exit 1'
          no_log: true
      rescue:
"""
_ORIGINAL = """
        - name: Why
          ansible.builtin.debug: {msg: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.stderr | length }}"}
      always:
"""


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_a_rescue_keeps_its_failure(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """It is not told to the model as that of a tool, and tools that fail do not replace it."""
    tool = '- ansible.builtin.fail: {msg: "unknown after {{ ansible_failed_task.name }}"}\n'
    (tool_play.folder / "uptime.yml").write_text(tool)
    uptime = {"name": "uptime", "arguments": {}}
    model_server.script([{"calls": [CALL, uptime, uptime]}, {"calls": [CALL]}])
    role = ROLE.replace("      block:\n", f"      block:{_IN_RESCUE}").replace(
        "      always:\n", _ORIGINAL.lstrip("\n")
    )
    tools = {"disk_usage": {"role": "nowhere"}, "uptime": "uptime.yml"}
    outcome = tool_play("-vvvv", playbook=role, run_tool_tasks=tools)
    assert outcome.rc == 0, outcome
    reason = "a file or role that it includes does not exist. The output of the playbook names it"
    absent = {"error": f"The tool disk_usage failed: {reason}"}
    given = answers(asked(model_server, "web")[-1])
    assert given == [absent, *[{"error": "The tool uptime failed: unknown after Original"}] * 2, absent]
    assert messages(outcome, "Why") == [f"Original: {len('confidential')}"]
    assert "confidential" not in outcome.stdout + outcome.stderr
