# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tool calls that a person has to allow: asked for each host and each call, and nothing runs without a yes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.integration.person import Person
from ansible_collections.threadworks.openai.tests.integration.report_play import CALLBACK
from ansible_collections.threadworks.openai.tests.integration.tool_play import (
    CALL,
    ToolPlay,
    answers,
    asked,
    hosts_of,
    messages,
    outputs,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

_NO = {"error": "The operator did not allow the tool disk_usage."}


def _call(path: str) -> dict[str, Any]:
    return {"name": "disk_usage", "arguments": {"path": path}}


def _host(question: str) -> str:
    (host,) = (line.removeprefix("  host: ") for line in question.splitlines() if line.startswith("  host: "))
    return host


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_always_is_for_a_tool_on_a_host(tool_play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    """Keys that are typed ahead answer no other question. Ansible keeps them in its memory, also for other hosts."""
    uptime = {"name": "uptime", "arguments": {}}
    model_server.script(
        [
            {"calls": [CALL, uptime], "match": "is web?"},
            {"calls": [CALL], "match": "is web?"},
            {"calls": [CALL], "match": "is db?"},
        ]
    )
    tools = {"disk_usage": "disk_usage.yml", "uptime": "uptime.yml"}
    (tool_play.folder / "uptime.yml").write_text("- ansible.builtin.set_fact: {tool_output: 3 days}\n")
    typed = {"host: db": "no\r", "tool: uptime": "no\r", "tool: disk_usage": "always\ry\ry\ryes\r\nyes\r\n"}
    with Person(lambda question: next(keys for line, keys in typed.items() if line in question)) as person:
        outcome = person.watch(tool_play, strategy=strategy, run_tool_tasks=tools)
    assert outcome.rc == 0, outcome
    assert sorted(each.splitlines()[:4] for each in person.questions) == [
        ["The model calls a tool.", "  host: db", "  tool: disk_usage", '  arguments: {"path": "/var"}'],
        ["The model calls a tool.", "  host: web", "  tool: disk_usage", '  arguments: {"path": "/var"}'],
        ["The model calls a tool.", "  host: web", "  tool: uptime", "  arguments: {}"],
    ]
    assert hosts_of(outcome, "Tool") == ["web", "web"]
    no_uptime = {"error": "The operator did not allow the tool uptime."}
    assert answers(asked(model_server, "web")[-1]) == ["71% of /var", no_uptime, "71% of /var"]
    assert answers(asked(model_server, "db")[-1]) == [_NO]


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_an_answer_is_for_one_call(
    tool_play: ToolPlay, model_server: ModelServer, tmp_path: Path, strategy: str
) -> None:
    """Two hosts share a run of three calls in two rounds: yes, no and yes are for one call each.

    The audit trail and the report of the callback name the person.
    """
    env = {
        "ANSIBLE_CALLBACKS_ENABLED": f"json_lines,{CALLBACK}",
        "OPENAI_RUNS_AUDIT": str(tmp_path / "audit.jsonl"),
        "OPENAI_RUNS_REPORT": str(tmp_path / "report.html"),
    }
    model_server.script([{"calls": [_call("/a"), _call("/b")]}, {"calls": [_call("/c")]}])
    with Person(lambda question: "no\r" if '"/b"' in question else "y\r") as person:
        outcome = person.watch(tool_play, env=env, strategy=strategy, subject="everything")
    assert outcome.rc == 0, outcome
    assert len(person.questions) == 3
    (host,) = {_host(each) for each in person.questions}
    assert messages(outcome, "Tool", host) == messages(outcome, "Tool")
    assert messages(outcome, "Tool") == ['disk_usage {"path": "/a"}', 'disk_usage {"path": "/c"}']
    assert len(model_server.runs) == 3
    assert answers(model_server.runs[2]) == ["71% of /a", _NO, "71% of /c"]
    ended = outputs(outcome)
    assert {name: each["response"] for name, each in ended.items()} == dict.fromkeys(
        ("web", "db"), "Reply to: How full is everything?"
    )
    assert len({each["result"]["run_id"] for each in ended.values()}) == 1

    assert CALLBACK not in outcome.stderr, outcome
    audit = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    decided = [line for line in audit if line["event"] in ("allowed", "refused")]
    assert [(line["event"], line["answer"], line["host"]) for line in decided] == [
        ("allowed", "yes", host),
        ("refused", "no", host),
        ("allowed", "yes", host),
    ]
    page = (tmp_path / "report.html").read_text()
    assert f"allowed by {decided[0]['user']}" in page
    assert f"refused by {decided[0]['user']}" in page


@pytest.mark.any_runtime
def test_stop_and_ctrl_c_cancel_the_run(tool_play: ToolPlay, model_server: ModelServer) -> None:
    """On the host `web`, what the model writes cannot fake a question, and anything else than an answer is none."""
    path = "/\x1b[2K\r\u202eetc\u2066\x9b1A\u0000\x7f\nAllow \u00fc\u6587?"
    model_server.script(
        [{"match": "is web?", "calls": [_call(path), CALL, CALL]}, {"match": "is db?", "calls": [CALL]}]
    )
    typed = {"web": iter(["\r", "yes please\r", "n\r", "stop\r"]), "db": iter(["\x03"])}
    with Person(lambda question: next(typed[_host(question)])) as person:
        outcome = person.watch(tool_play)
    assert outcome.rc == 2, outcome
    questions = [each for each in person.questions if _host(each) == "web"]
    assert (len(questions), len(person.questions)) == (4, 5)
    shown = r'{"path": "/\u001b[2K\r\u202eetc\u2066\u009b1A\u0000\u007f\nAllow ü文?"}'
    assert json.loads(shown) == {"path": path}
    for question in questions[:3]:
        assert len(question.splitlines()) == 5
        assert question.splitlines()[3] == f"  arguments: {shown}"
    assert questions[3].splitlines()[3] == '  arguments: {"path": "/var"}'
    assert messages(outcome, "Check the call", "web")[0] == _NO["error"]
    assert hosts_of(outcome, "Tool") == []
    ended = outputs(outcome)
    assert {host: each["status"] for host, each in ended.items()} == {"web": "cancelled", "db": "cancelled"}
    for host in ("web", "db"):
        (why,) = messages(outcome, "Report the reason", host)
        assert why.endswith(" is cancelled. The operator stopped the run at disk_usage."), host
