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
    ROLE,
    TOOL,
    ToolPlay,
    answers,
    asked,
    hosts_of,
    messages,
    outputs,
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
@pytest.mark.any_runtime
def test_only_what_is_allowed_and_valid_runs(play: ToolPlay, model_server: ModelServer, folder: Path) -> None:
    evil = "{{ lookup('ansible.builtin.pipe', 'touch " + str(folder / "pwned") + "') }}"
    # In a template, `dictionary["keys"]` is a method if there is no such key.
    methods = ["keys", "__class__"]
    calls: list[dict[str, Any]] = [
        {"name": "disk_usage", "arguments": {"path": f"/{evil}"}},
        {"name": f"rm {evil}", "arguments": {"path": "/"}},
        {"name": "disk_usage", "arguments": {"path": evil}},
        {"name": "disk_usage", "arguments": '{"path":'},
        {"name": "disk_usage", "arguments": '{"path":' * 10_000 + "1" + "}" * 10_000},
        {"name": "reboot", "arguments": {}},
        *({"name": name, "arguments": {}} for name in methods),
        CALL,
    ]
    model_server.script([{"calls": calls}, {"text": f'["{evil}"]'}])
    # The same play again reuses the run.
    outcome = play(playbook=ROLE + ROLE.replace("Outputs", "Again"))
    assert outcome.rc == 0, outcome
    assert messages(outcome, "Tool") == [f"disk_usage {json.dumps(each['arguments'])}" for each in (calls[0], CALL)]
    first, forbidden, refused, broken, deep, unknown, *named, last = answers(model_server.runs[1])
    assert (first, last) == (f"71% of /{evil}", "71% of /var")
    assert forbidden == {"error": f"The tool rm {evil} is not allowed. Allowed tools: disk_usage, reboot."}
    assert refused["error"].startswith("The arguments of disk_usage were refused: $.path: ")
    assert broken["error"].startswith("The arguments of disk_usage were refused: they are not JSON: ")
    assert deep["error"].startswith("The arguments of disk_usage were refused: ")
    assert len(deep["error"]) < 2000
    assert unknown["error"] == "The arguments of reboot were refused: the run has no such function"
    assert [each["error"] for each in named] == [
        f"The tool {name} is not allowed. Allowed tools: disk_usage, reboot." for name in methods
    ]
    reported = messages(outcome, "Check the call")
    assert reported == [answer["error"] for answer in (forbidden, refused, broken, deep, unknown, *named)]
    given = outputs(outcome)["web"]
    assert (given["status"], given["response"]) == ("completed", f'["{evil}"]')
    assert "waits for the outputs of tool calls" not in str(outcome)
    assert not (folder / "pwned").exists()
    (end,) = (number for number, task in enumerate(outcome.tasks) if task.name == "Outputs")
    assert [task.name for task in outcome.tasks[end:] if task.status == "changed"] == []
    assert (outcome.results["Again"]["msg"]["response"], len(model_server.runs)) == (given["response"], 2)


@pytest.mark.any_runtime
def test_a_role_answers_the_hosts_of_a_later_play(play: ToolPlay, model_server: ModelServer, folder: Path) -> None:
    """The first play does not wait for the runs."""
    tasks = folder / "roles" / "disk" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text(TOOL + "    host: '{{ inventory_hostname }}'\n")
    more = {"name": "disk_usage", "arguments": {"path": "/srv"}}
    model_server.script(
        [
            {"match": "How full is web?", "calls": [CALL], "hold": True},
            {"match": "How full is db?", "calls": [CALL, more], "hold": True},
        ]
    )
    started = play(limit="all", run_wait=False)
    assert {each["status"] for each in outputs(started).values()} <= {"queued", "in_progress"}, started
    assert set(outputs(started)) == {"web", "db"}
    model_server.release()
    outcome = play(limit="all", run_tool_tasks={"disk_usage": {"role": "disk"}})
    assert outcome.rc == 0, outcome
    paths = sorted((each.host, each.result["msg"]) for each in outcome.tasks if each.name.endswith("Tool"))
    assert paths == [
        ("db", 'disk_usage {"path": "/srv"}'),
        ("db", 'disk_usage {"path": "/var"}'),
        ("web", 'disk_usage {"path": "/var"}'),
    ]
    replies = {host: each["response"] for host, each in outputs(outcome).items()}
    assert replies == {host: f"Reply to: How full is {host}?" for host in ("web", "db")}
    assert [answers(run) for run in asked(model_server, "web")] == [[], ["71% of /var"]]
    assert [answers(run) for run in asked(model_server, "db")] == [[], ["71% of /var", "71% of /srv"]]


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_check_mode_answers_nothing(play: ToolPlay, model_server: ModelServer, folder: Path) -> None:
    """A run that waits for its tools is found by a playbook that runs without --check, in a block in check mode."""
    model_server.script([{"calls": [CALL]}])
    waiting = play(run_tool_tasks={})
    assert outputs(waiting)["web"]["status"] == "requires_action", waiting
    # The host `db` has no run yet.
    check = play("--check", limit="all")
    assert (check.rc, len(model_server.runs)) == (0, 1), check
    assert [each.status for each in check.tasks if each.host == "web"].count("changed") == 1, check
    assert hosts_of(check, "Tool") == []

    (folder / "disk_usage.yml").write_text(f"- {{name: Tool, ansible.builtin.debug: , check_mode: false}}\n{TOOL}")
    head, role = ROLE.split("    - name: Role\n")
    checked = role.replace("      block:\n", "      check_mode: true\n      block:\n").replace("Outputs", "Foretold")
    outcome = play(playbook=f"{head}    - name: Checked\n{checked}    - name: Role\n{role}")
    (foretold,) = (number for number, task in enumerate(outcome.tasks) if task.name == "Foretold")
    in_check, real = outcome.tasks[:foretold], outcome.tasks[foretold:]
    claims = "Claim the tool calls, unless another host has claimed them"
    assert [task.host for task in in_check if task.name.endswith(claims)] == ["web"]
    assert [task for task in in_check if task.name.endswith("Tool")] == []
    assert [task for task in real if task.name.endswith("Tool")] != []
    assert [task.status for task in real].count("changed") == 1, outcome
    assert (outcome.rc, outputs(outcome)["web"]["status"], len(model_server.runs)) == (0, "completed", 2), outcome


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
    - name: Confirm
      threadworks.openai.openai_tool_call:
        name: disk_usage
        arguments: {{path: /var}}
        id: call_1
        tasks: disk_usage.yml
        problem:
        confirm: true
"""


@pytest.mark.any_runtime
def test_by_hand(play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [{"name": "disk_usage", "arguments": {"path": "var"}}]}])
    outcome = play(playbook=_BY_HAND)
    assert outcome.results["Answer"]["response"] == "Reply to: How full is it?"
    (told,) = answers(model_server.runs[1])
    assert told["path"] == "var"
    assert re.fullmatch(r"\$\.path: .var. does not match .\^/.", told["problem"])
    confirmed = outcome.results["Confirm"]
    assert (confirmed["allowed"], confirmed["answer"]) == (False, "nobody")
    assert confirmed["problem"] == (
        "A person must confirm the tool disk_usage, but no one can be asked: standard input is not a terminal, or the "
        "playbook runs in the background."
    )


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
        playbook=_PLAYBOOKS / "inspect_hosts.yml", limit="all", inspect_question="Is it full?", inspect_rounds=1
    )
    assert outcome.rc == 2
    assert messages(outcome, "Show the report") == ["Reply to: Host web: Is it full?"]
    (why,) = messages(outcome, "Report the reason", "db")
    assert why.endswith(" The model still calls tools after 1 round (run_tool_rounds): disk_usage.")

    (answered,) = (run for run in model_server.runs if len(answers(run)) == len(looks))
    disks, folders, refused, forbidden = answers(answered)
    assert disks.startswith("Filesystem ")
    assert str(_PLAYBOOKS / "tasks") in [path for _size, path in folders]
    assert refused["error"].startswith("The arguments of folder_sizes were refused: $.path: ")
    assert forbidden["error"].startswith("The tool reboot is not allowed.")
    assert messages(outcome, "Check the call") == [refused["error"], forbidden["error"]]
    commands = [each.result["cmd"] for each in outcome.tasks if each.host == "web" and "cmd" in each.result]
    assert commands == [["df", "-P", "-k"], ["du", "-k", "-x", "-d", "1", "--", str(_PLAYBOOKS)]]
