# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tool calls that a person has to allow: asked for each host and each call, and nothing runs without a yes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.integration.person import Person
from ansible_collections.threadworks.openai.tests.integration.tool_play import (
    CALL,
    ToolPlay,
    answers,
    hosts_of,
    messages,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

_NO = {"error": "The operator did not allow the tool disk_usage."}
_NOBODY = "A person must confirm the tool disk_usage, but no one can be asked: "
_NO_TERMINAL = "standard input is not a terminal, or the playbook runs in the background."


def _by_host(**typed: str) -> Person:
    """A person who types this for the hosts, and nothing but `no` for the others."""

    def answer(question: str) -> str:
        (host,) = (line.removeprefix("  host: ") for line in question.splitlines() if line.startswith("  host: "))
        return typed.get(host, "no") + "\r"

    return Person(answer)


def _call(path: str) -> dict[str, Any]:
    return {"name": "disk_usage", "arguments": {"path": path}}


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_person_is_asked_for_each_host(tool_play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    model_server.script([{"calls": [CALL], "match": f"is {host}?"} for host in ("web", "db")])
    with _by_host(db="yes") as person:
        outcome = person.watch(tool_play, strategy=strategy)
    assert outcome.rc == 0, outcome
    assert len(person.questions) == 2
    asked = next(each for each in person.questions if "  host: db\n" in each)
    assert asked.splitlines()[:4] == [
        "The model calls a tool.",
        "  host: db",
        "  tool: disk_usage",
        '  arguments: {"path": "/var"}',
    ]
    assert hosts_of(outcome, "Tool") == ["db"]
    told = {run["input"][0]["content"][0]["text"]: answers(run) for run in model_server.runs}
    assert told == {"How full is web?": [_NO], "How full is db?": ["71% of /var"]}


@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_an_answer_is_for_one_call(tool_play: ToolPlay, model_server: ModelServer, strategy: str) -> None:
    """Two hosts share a run of three calls in two rounds: yes, no and yes are for one call each."""
    model_server.script([{"calls": [_call("/a"), _call("/b")]}, {"calls": [_call("/c")]}])
    with Person(lambda question: "no\r" if '"/b"' in question else "y\r") as person:
        outcome = person.watch(tool_play, strategy=strategy, subject="everything")
    assert outcome.rc == 0, outcome
    assert len(person.questions) == 3
    (host,) = {line for each in person.questions for line in each.splitlines() if line.startswith("  host: ")}
    assert messages(outcome, "Tool", host.removeprefix("  host: ")) == messages(outcome, "Tool")
    assert messages(outcome, "Tool") == ['disk_usage {"path": "/a"}', 'disk_usage {"path": "/c"}']
    assert answers(model_server.runs[2]) == ["71% of /a", _NO, "71% of /c"]
    assert [each.result["msg"]["response"] for each in outcome.tasks if each.name == "Outputs"] == [
        "Reply to: How full is everything?"
    ] * 2


@pytest.mark.any_runtime
def test_always_is_for_a_tool_on_a_host_until_the_play_ends(tool_play: ToolPlay, model_server: ModelServer) -> None:
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
    typed = {"host: db": "no\r", "tool: uptime": "no\r", "tool: disk_usage": "always\r"}
    with Person(lambda question: next(keys for line, keys in typed.items() if line in question)) as person:
        outcome = person.watch(tool_play, run_tool_tasks=tools)
    assert outcome.rc == 0, outcome
    assert hosts_of(outcome, "Tool") == ["web", "web"]
    asked = sorted(tuple(each.splitlines()[1:3]) for each in person.questions)
    assert asked == [
        ("  host: db", "  tool: disk_usage"),
        ("  host: web", "  tool: disk_usage"),
        ("  host: web", "  tool: uptime"),
    ]


@pytest.mark.matrix
@pytest.mark.any_runtime
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_keys_that_are_typed_ahead_answer_no_other_question(
    tool_play: ToolPlay, model_server: ModelServer, strategy: str
) -> None:
    """Ansible keeps them in its own memory, also for the questions of other hosts."""
    model_server.script([{"calls": [_call("/a"), _call("/b")], "match": f"is {host}?"} for host in ("web", "db")])
    typed = iter(["y\ry\ry\ryes\r\nyes\r\n"])
    with Person(lambda _question: next(typed, "no\r")) as person:
        outcome = person.watch(tool_play, strategy=strategy)
    assert outcome.rc == 0, outcome
    assert len(person.questions) == 4
    assert len(messages(outcome, "Tool")) == 1


@pytest.mark.any_runtime
def test_anything_else_is_no_answer(tool_play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL]}])
    typed = iter(["\r", "yes please\r", "n\r"])
    with Person(lambda _question: next(typed)) as person:
        outcome = person.watch(tool_play, limit="web")
    assert outcome.rc == 0, outcome
    assert len(person.questions) == 3
    assert hosts_of(outcome, "Tool") == []


@pytest.mark.any_runtime
def test_stop_cancels_the_run(tool_play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL, CALL]}])
    with _by_host(web="stop") as person:
        outcome = person.watch(tool_play, limit="web")
    assert outcome.rc == 2
    assert len(person.questions) == 1
    assert hosts_of(outcome, "Tool") == []
    (why,) = messages(outcome, "Report the reason")
    assert why.endswith(" is cancelled. The operator stopped the run at disk_usage.")
    assert outcome.results["Outputs"]["msg"]["status"] == "cancelled"


@pytest.mark.any_runtime
def test_ctrl_c_stops_too(tool_play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL]}])
    with Person(lambda _question: "\x03") as person:
        outcome = person.watch(tool_play, limit="web")
    assert outcome.rc == 2
    assert hosts_of(outcome, "Tool") == []
    assert outcome.results["Outputs"]["msg"]["status"] == "cancelled"


@pytest.mark.any_runtime
def test_what_the_model_writes_cannot_fake_a_question(tool_play: ToolPlay, model_server: ModelServer) -> None:
    path = "/\x1b[2K\r\u202eetc\u2066\x9b1A\u0000\x7f\nAllow \u00fc\u6587?"
    model_server.script([{"calls": [_call(path)]}])
    with _by_host(web="no") as person:
        outcome = person.watch(tool_play, limit="web")
    assert outcome.rc == 0, outcome
    (asked,) = person.questions
    assert len(asked.splitlines()) == 5
    shown = r'{"path": "/\u001b[2K\r\u202eetc\u2066\u009b1A\u0000\u007f\nAllow ü文?"}'
    assert asked.splitlines()[3] == f"  arguments: {shown}"
    assert json.loads(shown) == {"path": path}


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_where_nobody_can_answer_nobody_has_allowed_it(tool_play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL]}])
    outcome = tool_play(run_tool_confirm=True)
    assert outcome.rc == 0, outcome
    assert hosts_of(outcome, "Tool") == []
    assert answers(model_server.runs[1]) == [{"error": _NOBODY + _NO_TERMINAL}]


@pytest.mark.any_runtime
def test_ansible_runner_gives_a_terminal_at_which_nobody_sits(tool_play: ToolPlay, model_server: ModelServer) -> None:
    model_server.script([{"calls": [CALL]}])
    with _by_host(web="yes") as person:
        outcome = person.watch(tool_play, limit="web", env={"AWX_ISOLATED_DATA_DIR": "/runner/artifacts/1"})
    assert outcome.rc == 0, outcome
    assert (person.questions, hosts_of(outcome, "Tool")) == ([], [])
    assert answers(model_server.runs[1]) == [{"error": f"{_NOBODY}the playbook runs in ansible-runner."}]
