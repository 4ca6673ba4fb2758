# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Function tools answered by Ansible: role run's loop, the same by hand, and the playbook that inspects hosts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.integration.tool_play import (
    ASSISTANT,
    CALL,
    TOOL,
    ToolPlay,
    answers,
    messages,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

_PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


@pytest.fixture
def folder(tool_play: ToolPlay) -> Path:
    """The playbook's folder, with the tool's task file and the inventory."""
    return tool_play.folder


@pytest.fixture
def play(tool_play: ToolPlay) -> ToolPlay:
    """Runs role run on the host `web`, or on `limit`, with the role variables given."""
    return tool_play


@pytest.mark.matrix
def test_only_what_is_allowed_and_valid_runs(play: ToolPlay, model_server: ModelServer, folder: Path) -> None:
    evil = "{{ lookup('ansible.builtin.pipe', 'touch " + str(folder / "pwned") + "') }}"
    calls: list[dict[str, Any]] = [
        {"name": "disk_usage", "arguments": {"path": f"/{evil}"}},
        {"name": f"rm {evil}", "arguments": {"path": "/"}},
        {"name": "disk_usage", "arguments": {"path": evil}},
        {"name": "disk_usage", "arguments": '{"path":'},
        {"name": "reboot", "arguments": {}},
        CALL,
    ]
    model_server.script([{"calls": calls}, {"text": f'["{evil}"]'}])
    outcome = play()
    assert outcome.rc == 0, outcome
    assert messages(outcome, "Tool") == [f"disk_usage {json.dumps(each['arguments'])}" for each in (calls[0], CALL)]
    first, forbidden, refused, broken, unknown, last = answers(model_server.runs[1])
    assert (first, last) == (f"71% of /{evil}", "71% of /var")
    assert forbidden == {"error": f"The tool rm {evil} is not allowed. Allowed tools: disk_usage, reboot."}
    assert refused["error"].startswith("The arguments of disk_usage were refused: $.path: ")
    assert broken["error"].startswith("The arguments of disk_usage were refused: they are not JSON: ")
    assert unknown["error"] == "The arguments of reboot were refused: the run has no such function"
    reported = messages(outcome, "Check the call")
    assert reported == [answer["error"] for answer in (forbidden, refused, broken, unknown)]
    outputs = outcome.results["Outputs"]["msg"]
    assert (outputs["status"], outputs["response"]) == ("completed", f'["{evil}"]')
    assert "waits for the outputs of tool calls" not in str(outcome)
    assert not (folder / "pwned").exists()

    again = play()
    assert (again.rc, again.changed, len(model_server.runs)) == (0, 0, 2), again
    assert again.results["Outputs"]["msg"]["response"] == outputs["response"]


@pytest.mark.any_runtime
def test_a_run_that_asks_without_end_is_cancelled(play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL], "sticky": True}])
    outcome = play(run_tool_rounds=3)
    assert outcome.rc == 2
    assert (len(messages(outcome, "Tool")), len(model_server.runs)) == (3, 4)
    outputs = outcome.results["Outputs"]["msg"]
    assert messages(outcome, "Report the reason") == [
        (
            f"Run {outputs['result']['run_id']} is cancelled. "
            "The model still calls tools after 3 rounds (run_tool_rounds): disk_usage."
        )
    ]
    assert outputs["status"] == outputs["result"]["run"]["status"] == "cancelled"


@pytest.mark.any_runtime
def test_tools_that_fail_are_reported_to_the_model(play: ToolPlay, model_server: ModelServer, folder: Path) -> None:
    failing = "- ansible.builtin.command: sh -c 'echo not mounted >&2; exit 3'\n"
    files = {
        "good": TOOL,
        "failing": failing,
        "secret": failing + "  no_log: true\n",
        "silent": "- ansible.builtin.debug:\n",
        "broken": "- ansible.builtin.debug: msg={{ nothing_of_that_name }}\n",
    }
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text)
    calls = [{"name": name, "arguments": {"path": "/"}} for name in ("good", *files)]
    model_server.script([{"calls": calls}])
    outcome = play(
        run_tools=[{"type": "function", "function": {"name": name}} for name in files],
        run_tool_tasks={name: f"{name}.yml" for name in files},
    )
    assert outcome.rc == 0, outcome
    good, _good, failed, secret, silent, broken = answers(model_server.runs[1])
    assert good == "71% of /"
    assert re.fullmatch(r"The tool failing failed: .*non-zero return code: not mounted", failed["error"])
    assert secret == {"error": "The tool secret failed: its output is hidden (no_log)"}
    # An earlier call's answer is not taken for this one's.
    assert silent == {"error": "The tool silent failed: its tasks did not set tool_output"}
    assert "nothing_of_that_name" in broken["error"]


@pytest.mark.any_runtime
def test_a_tool_that_fails_can_fail_the_play(play: ToolPlay, model_server: ModelServer, folder: Path) -> None:
    (folder / "disk_usage.yml").write_text("- ansible.builtin.fail: msg=broken\n")
    model_server.script([{"calls": [CALL, CALL]}])
    outcome = play(run_tool_errors="fail")
    assert (outcome.rc, len(model_server.runs)) == (2, 1)
    (why,) = messages(outcome, "Report the reason")
    assert why.endswith(" is cancelled. The tool disk_usage failed: broken")
    assert outcome.results["Outputs"]["msg"]["status"] == "cancelled"


@pytest.mark.any_runtime
def test_a_role_and_the_hosts_of_a_play(play: ToolPlay, model_server: ModelServer, folder: Path) -> None:
    tasks = folder / "roles" / "disk" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text(TOOL + "    host: '{{ inventory_hostname }}'\n")
    model_server.script(
        [
            {"match": "How full is web?", "calls": [CALL]},
            {"match": "How full is db?", "calls": [CALL, {"name": "disk_usage", "arguments": {"path": "/srv"}}]},
            {"match": "How full is db?", "calls": [CALL]},
        ]
    )
    outcome = play(limit="all", run_tool_tasks={"disk_usage": {"role": "disk"}})
    assert outcome.rc == 0, outcome
    paths = sorted((each.host, each.result["msg"]) for each in outcome.tasks if each.name.endswith("Tool"))
    assert paths == [
        ("db", 'disk_usage {"path": "/srv"}'),
        ("db", 'disk_usage {"path": "/var"}'),
        ("db", 'disk_usage {"path": "/var"}'),
        ("web", 'disk_usage {"path": "/var"}'),
    ]
    replies = {each.host: each.result["msg"]["response"] for each in outcome.tasks if each.name == "Outputs"}
    assert replies == {host: f"Reply to: How full is {host}?" for host in ("web", "db")}


@pytest.mark.any_runtime
def test_check_mode_answers_nothing(play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL]}])
    first = play("--check")
    assert (first.rc, len(model_server.runs)) == (0, 0), first
    waiting = play(run_tool_tasks={})
    assert waiting.results["Outputs"]["msg"]["status"] == "requires_action"
    check = play("--check")
    assert (check.rc, check.changed, len(model_server.runs)) == (0, 1, 1), check
    real = play()
    assert (real.rc, real.changed, real.results["Outputs"]["msg"]["status"]) == (0, 1, "completed")


@pytest.mark.any_runtime
def test_a_run_that_was_not_waited_for_is_answered_later(play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL], "hold": True}])
    started = play(run_wait=False)
    assert started.results["Outputs"]["msg"]["status"] in ("queued", "in_progress")
    model_server.release()
    assert play().results["Outputs"]["msg"]["response"] == "Reply to: How full is web?"
    assert answers(model_server.runs[1]) == ["71% of /var"]


_BY_HAND = f"""{ASSISTANT}
    - name: Ask
      threadworks.openai.openai_thread_run:
        assistant_id: "{{{{ assistant.assistant_id }}}}"
        thread: {{messages: [{{content: How full is it?}}]}}
      register: asked
    - name: Answer
      threadworks.openai.openai_run:
        thread_id: "{{{{ asked.thread_id }}}}"
        run_id: "{{{{ asked.run_id }}}}"
        tool_outputs:
          - tool_call_id: "{{{{ call.id }}}}"
            output:
              path: "{{{{ call.function.arguments.path }}}}"
              problem: "{{{{ call.function.problem }}}}"
      vars:
        call: "{{{{ asked.required_action.submit_tool_outputs.tool_calls[0] }}}}"
"""


@pytest.mark.any_runtime
def test_by_hand(play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [{"name": "disk_usage", "arguments": {"path": "var"}}]}])
    outcome = play(playbook=_BY_HAND)
    assert outcome.results["Answer"]["response"] == "Reply to: How full is it?"
    (told,) = answers(model_server.runs[1])
    assert told["path"] == "var"
    assert re.fullmatch(r"\$\.path: .var. does not match .\^/.", told["problem"])


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_a_model_inspects_hosts(play: ToolPlay, model_server: ModelServer) -> None:
    looks = [
        {"name": "disk_usage", "arguments": {}},
        {"name": "folder_sizes", "arguments": {"path": str(_PLAYBOOKS)}},
        {"name": "folder_sizes", "arguments": {"path": "playbooks; reboot"}},
        {"name": "reboot", "arguments": {}},
    ]
    endless = {"match": "Host db:", "calls": looks[:1], "sticky": True}
    model_server.script([{"match": "Host web:", "calls": looks}, endless])
    outcome = play(
        playbook=_PLAYBOOKS / "inspect_hosts.yml", limit="all", inspect_question="Is it full?", inspect_rounds=2
    )
    assert outcome.rc == 2
    assert messages(outcome, "Show the report") == ["Reply to: Host web: Is it full?"]
    (why,) = messages(outcome, "Report the reason", "db")
    assert why.endswith(" The model still calls tools after 2 rounds (run_tool_rounds): disk_usage.")

    (answered,) = (run for run in model_server.runs if len(answers(run)) == len(looks))
    disks, folders, refused, forbidden = answers(answered)
    assert disks.startswith("Filesystem ")
    assert str(_PLAYBOOKS / "tasks") in [path for _size, path in folders]
    assert refused["error"].startswith("The arguments of folder_sizes were refused: $.path: ")
    assert forbidden["error"].startswith("The tool reboot is not allowed.")
    assert messages(outcome, "Check the call") == [refused["error"], forbidden["error"]]
    commands = [each.result["cmd"] for each in outcome.tasks if each.host == "web" and "cmd" in each.result]
    assert commands == [["df", "-P", "-k"], ["du", "-k", "-x", "-d", "1", "--", str(_PLAYBOOKS)]]
