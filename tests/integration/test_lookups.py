# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups, in playbooks that run for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome

_PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    answered: "{{ runs.results[0] }}"
    waiting: "{{ runs.results[1] }}"
    failed: "{{ runs.results[2] }}"
  tasks:
    - threadworks.openai.openai_assistant: {name: "{{ item }}", model: some, metadata: {team: "{{ item }}"}}
      loop: [one, two]
      register: assistants
    - threadworks.openai.openai_thread:
        key: "{{ item }}"
        metadata: {of: "{{ item }}", done: true}
        messages: [{content: "What is {{ item }}?"}]
      loop: [answered, waiting, failed]
      register: threads
    - threadworks.openai.openai_run:
        thread_id: "{{ item.thread_id }}"
        assistant_id: "{{ assistants.results[0].assistant_id }}"
        metadata: {of: "{{ item.item }}"}
        tools: [{type: function, function: {name: look}}]
        fail_on: []
      loop: "{{ threads.results }}"
      loop_control: {label: "{{ item.item }}"}
      register: runs
"""
_SCRIPT: list[dict[str, Any]] = [
    {"match": "answered", "text": "An answer."},
    {"match": "answered", "text": "Another answer.", "hold": True},
    {"match": "waiting", "calls": [{"name": "look", "arguments": {}}]},
    {"match": "failed", "failed": {"code": "server_error", "message": "out of order"}},
]
_RUNS = "answered.run_id, waiting.thread_id ~ ':' ~ waiting.run_id"
_NO_RUN = "answered.thread_id ~ ':run_none'"
# Two terms of each lookup, one that means nothing, and what identifies the items of the two.
_TERMS = {
    "assistant": ("'one', assistants.results[1].assistant_id", "'nobody'", "name", ["one", "two"]),
    "assistants": ("'two', 'one'", None, "name", ["two", "one"]),
    "thread": ("'waiting', answered.thread_id", "'nothing'", "metadata.of", ["waiting", "answered"]),
    "threads": ("'waiting', 'answered'", None, "metadata.of", ["waiting", "answered"]),
    "messages": (
        "waiting.thread_id, answered.thread_id",
        "'thread_none'",
        "text",
        ["What is waiting?", "What is answered?", "An answer."],
    ),
    "run": (_RUNS, _NO_RUN, "status", ["completed", "requires_action"]),
    "runs": ("answered.thread_id, failed.thread_id", "'thread_none'", "status", ["completed", "failed"]),
    "run_steps": (_RUNS, _NO_RUN, "type", ["message_creation", "tool_calls"]),
    "thread_run": (
        f"answered.thread_id, {_RUNS.split(', ')[1]}",
        "assistants.results[0].assistant_id",
        "thread.metadata.of",
        ["answered", "waiting"],
    ),
}

Play = Callable[..., Outcome]


@pytest.fixture
def play(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> Play:
    """Makes three threads with a run each, and then shows these expressions, each in a task of its name."""

    def play(expressions: dict[str, str], *more: str, **env: str) -> Outcome:
        model_server.script(_SCRIPT)
        shown = (_task(name, expression) for name, expression in expressions.items())
        return ansible_playbook(
            _PLAY + "".join(shown) + "".join(more), env={"OPENAI_BASE_URL": model_server.base_url, **env}
        )

    return play


def _task(name: str, expression: str) -> str:
    """A task that shows what an expression says."""
    return f"""
    - name: {name}
      ansible.builtin.debug:
        msg: {json.dumps("{{ " + expression + " }}")}
      ignore_errors: true
"""


def _query(lookup: str, *terms: str, **options: Any) -> str:
    """An expression: terms and options are expressions too."""
    given = [*terms, *(f"{name}={value}" for name, value in options.items())]
    return f"query('threadworks.openai.openai_{lookup}', {', '.join(given)})"


def _shown(outcome: Outcome) -> dict[str, Any]:
    return {task.name: task.result["msg"] for task in outcome.tasks if "results" not in task.result}


@pytest.mark.any_runtime
def test_every_lookup_and_what_is_missing(play: Play) -> None:
    expressions = {}
    for lookup, (terms, unknown, attribute, _expected) in _TERMS.items():
        told = f" | map(attribute='{attribute}')"
        expressions[lookup] = _query(lookup, terms) + told
        if unknown:
            for on_missing in ("error", "warn", "skip"):
                call = _query(lookup, unknown, terms, on_missing=f"'{on_missing}'")
                expressions[f"{lookup} {on_missing}"] = call + told
    outcome = play(expressions)
    shown = _shown(outcome)
    for lookup, (_terms, unknown, _attribute, expected) in _TERMS.items():
        assert shown[lookup] == expected, shown[lookup]
        if unknown:
            assert shown[f"{lookup} warn"] == shown[f"{lookup} skip"] == expected
            assert "threadworks.openai.openai_" + lookup in shown[f"{lookup} error"]
    missing = sum(1 for _terms, unknown, _attribute, _expected in _TERMS.values() if unknown)
    # Ansible wraps warnings, and core 2.16 says them in capitals.
    assert " ".join(outcome.stderr.split()).count("(on_missing: warn)") == missing


@pytest.mark.any_runtime
def test_filters(play: Play) -> None:
    outcome = play(
        {
            "team": _query("assistants", metadata="{'team': 'two'}") + " | map(attribute='name')",
            "limit": _query("assistants", limit=1) + " | map(attribute='name')",
            "threads": _query("threads", metadata="{'done': true}", limit=2) + " | map(attribute='metadata.of')",
            "status": _query("runs", "waiting.thread_id", "failed.thread_id", status="['failed']")
            + " | map(attribute='last_error.code')",
            "assistant": _query("runs", "waiting.thread_id", assistant_id="assistants.results[1].assistant_id"),
            "metadata": _query("runs", "waiting.thread_id", metadata="{'of': 'waiting'}") + " | length",
            "other metadata": _query("runs", "waiting.thread_id", metadata="{'of': 'answered'}") + " | length",
            "all runs": "query('threadworks.openai.openai_runs') | map(attribute='metadata.of')",
            "all failed": "query('threadworks.openai.openai_runs', status=['failed']) | map(attribute='metadata.of')",
            "recent": "query('threadworks.openai.openai_runs', created_after='2026-01-01', limit=1)"
            " | map(attribute='metadata.of')",
            "old": "query('threadworks.openai.openai_runs', answered.thread_id, created_before='2026-01-01')",
            "role": _query("messages", "answered.thread_id", role="'assistant'") + " | map(attribute='text')",
            "written": _query("messages", "answered.thread_id", run_id="answered.run_id") + " | map(attribute='text')",
            "newest": _query("messages", "answered.thread_id", order="'desc'", limit=1) + " | map(attribute='text')",
            "by option": _query("run", "answered.run_id", thread_id="answered.thread_id")
            + " | map(attribute='response')",
            "newest run": _query("thread_run", "answered.thread_id") + " | map(attribute='response')",
            "whole thread": _query("thread_run", "answered.thread_id")
            + " | map(attribute='thread.messages') | flatten | map(attribute='role')",
        }
    )
    assert outcome.rc == 0, outcome
    shown = {name: value if isinstance(value, list) else str(value) for name, value in _shown(outcome).items()}
    assert shown == {
        "team": ["two"],
        "limit": ["two"],
        "threads": ["failed", "waiting"],
        "status": ["server_error"],
        "assistant": [],
        "metadata": "1",
        "other metadata": "0",
        "all runs": ["failed", "waiting", "answered"],
        "all failed": ["failed"],
        "recent": ["failed"],
        "old": [],
        "role": ["An answer."],
        "written": ["An answer."],
        "newest": ["An answer."],
        "by option": ["An answer."],
        "newest run": ["An answer."],
        "whole thread": ["user", "assistant"],
    }


_EVERYWHERE = """
    - name: when
      ansible.builtin.debug: {msg: yes it is}
      when: lookup('threadworks.openai.openai_run', answered.run_id, thread_id=answered.thread_id).status == 'completed'
    - name: vars
      ansible.builtin.debug: {msg: "{{ thread.metadata.of }}"}
      vars:
        thread: "{{ lookup('threadworks.openai.openai_thread', 'waiting') }}"
    - name: loop
      ansible.builtin.debug: {msg: "{{ item.text }}"}
      loop: "{{ query('threadworks.openai.openai_messages', answered.thread_id) }}"
      loop_control: {label: "{{ item.id }}"}
    - name: with
      ansible.builtin.debug: {msg: "{{ item.name }}"}
      with_threadworks.openai.openai_assistant: [one, two]
      loop_control: {label: "{{ item.id }}"}
    - name: template
      ansible.builtin.template: {src: report.j2, dest: "{{ playbook_dir }}/report"}
    - threadworks.openai.openai_run:
        thread_id: "{{ answered.thread_id }}"
        assistant_id: "{{ assistants.results[0].assistant_id }}"
        key: later
        wait: false
      register: later
    - name: until
      ansible.builtin.debug: {msg: It is over.}
      until: run.status == 'completed'
      retries: 600
      delay: 0.1
      vars:
        run: "{{ lookup('threadworks.openai.openai_run', later.run_id, thread_id=later.thread_id) }}"
"""
_REPORT = """
{% for run in query('threadworks.openai.openai_runs', answered.thread_id, waiting.thread_id) %}
{{ run.metadata.of }} {{ run.status }}
{% endfor %}
"""


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_usable_everywhere(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "report.j2").write_text(_REPORT)
    model_server.script(_SCRIPT)
    screen = tmp_path / "screen"
    with screen.open("w") as file:
        env = {"OPENAI_BASE_URL": model_server.base_url}
        started = ansible_playbook.start(_PLAY + _EVERYWHERE, env=env, screen=file.fileno())
    # The model answers when the last task has looked once, and not before.
    wait_for(lambda: "RETRYING: " in screen.read_text() or started.process.poll() is not None)
    model_server.release()
    outcome = started.wait()
    assert outcome.rc == 0, (outcome, screen.read_text())
    results = outcome.results
    assert results["when"]["msg"] == "yes it is"
    assert results["vars"]["msg"] == "waiting"
    assert [each["msg"] for each in results["loop"]["results"]] == ["What is answered?", "An answer."]
    assert [each["msg"] for each in results["with"]["results"]] == ["one", "two"]
    assert (tmp_path / "report").read_text().split() == ["answered", "completed", "waiting", "requires_action"]
    assert results["until"]["attempts"] > 1


# Terms for which each lookup that lists things finds one thing.
_ONE = {
    "assistants": "'one'",
    "threads": "'waiting'",
    "messages": "waiting.thread_id",
    "runs": "waiting.thread_id",
    "run_steps": "waiting.thread_id ~ ':' ~ waiting.run_id",
}
_LOOPS = """
    - name: loop
      ansible.builtin.debug: {msg: "{{ item.text }}"}
      loop: "{{ lookup('threadworks.openai.openai_messages', waiting.thread_id) }}"
      loop_control: {label: "{{ item.id }}"}
    - name: with
      ansible.builtin.debug: {msg: "{{ item.text }}"}
      with_threadworks.openai.openai_messages: ["{{ waiting.thread_id }}"]
      loop_control: {label: "{{ item.id }}"}
"""


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_lists_stay_lists(play: Play) -> None:
    """Ansible's lookup() unpacks a list of one; that of two or none is left as it is."""
    expressions = {}
    for name, term in _ONE.items():
        looked_up = _query(name, term).replace("query(", "lookup(", 1)
        ways = [_query(name, term), looked_up, looked_up[:-1] + ", wantlist=true)"]
        expressions[name] = f"[{', '.join([*ways, *(f'[{way}[0]]' for way in ways)])}]"
    expressions["two"] = "lookup('threadworks.openai.openai_threads', 'waiting', 'failed')"
    expressions["none"] = "lookup('threadworks.openai.openai_threads', 'nothing')"
    expressions["inside"] = "query('threadworks.openai.openai_assistants', lookup('openai_assistants', 'one')[0].name)"
    expressions["inside"] = expressions["inside"].replace("lookup('", "lookup('threadworks.openai.")
    outcome = play(expressions, _LOOPS)
    assert outcome.rc == 0, outcome
    shown = _shown(outcome)
    for name in _ONE:
        (thing,) = shown[name][0]
        assert isinstance(thing, dict)
        assert shown[name] == [[thing]] * 6, name
    assert ([len(shown[name]) for name in ("two", "inside")], shown["none"]) == ([2, 1], [])
    for name in ("loop", "with"):
        assert [each["msg"] for each in outcome.results[name]["results"]] == ["What is waiting?"]


def test_an_answer_is_kept_within_a_task(play: Play, served: tuple[str, list[str]]) -> None:
    address, requests = served
    run = _query("run", "answered.run_id", thread_id="answered.thread_id", runtime_url=f"'{address}'")
    outcome = play({"once": f"{run}[0].status", "twice": f"[{run}[0].status, {run}[0].response]"})
    shown = _shown(outcome)
    assert (shown["once"], shown["twice"]) == ("completed", ["completed", "An answer."])
    # The run, and its messages: once in each of the two tasks.
    assert ["/messages" in request for request in requests] == [False, True] * 2


def test_without_options_they_read_what_the_modules_wrote(ansible_playbook: AnsiblePlaybook) -> None:
    made = "    - threadworks.openai.openai_assistant: {name: one, model: some}\n"
    shown = _task("Shown", "lookup('threadworks.openai.openai_assistant', 'one').model")
    playbook = "- hosts: localhost\n  gather_facts: false\n  tasks:\n" + made + shown
    ansible_playbook.forget("OPENAI_RUNTIME_STORE")
    outcome = ansible_playbook(playbook)
    assert outcome.results["Shown"]["msg"] == "some"
    assert (ansible_playbook.folder / "ansible" / "threadworks.openai" / "runtime.db").exists()


# Nobody listens there, and no local runtime is started.
_NOWHERE = "http://127.0.0.1:9/v1"
_UNREACHABLE = "The server at 127.0.0.1:9 (option runtime_url) cannot be reached"
_TOO_SMALL = "timeout is 0, but must be at least 0.001."
# The variables of a play, and the message of its lookups.
_OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "vars": ({"openai_runtime_url": "{{ where }}", "openai_max_retries": 0, "where": _NOWHERE}, _UNREACHABLE),
    "typed": ({"openai_timeout": "{{ seconds }}", "seconds": 0}, _TOO_SMALL),
    "untemplatable": ({"openai_timeout": "{{ no_such }}"}, "The variable openai_timeout cannot be templated: "),
}


def _failing(name: str, variables: dict[str, Any]) -> str:
    """A play with a task for each lookup."""
    tasks = (_task(f"{name} {lookup}", _query(lookup, "'thread_a:run_b'")) for lookup in _TERMS)
    return f"- hosts: localhost\n  gather_facts: false\n  vars: {json.dumps(variables)}\n  tasks:\n{''.join(tasks)}"


def test_options_of_variables(ansible_playbook: AnsiblePlaybook) -> None:
    plays = (_failing(source, variables) for source, (variables, _told) in _OPTIONS.items())
    outcome = ansible_playbook("\n".join(plays))
    for source, (_variables, told) in _OPTIONS.items():
        for lookup in _TERMS:
            assert told in outcome.results[f"{source} {lookup}"]["msg"], outcome


def test_options_of_environment_and_configuration(ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text("[openai]\ntimeout = 0\n")
    plays = [_failing("ini", {}), _failing("environment", {"openai_timeout": 9, "openai_max_retries": 0})]
    outcome = ansible_playbook("\n".join(plays), env={"OPENAI_RUNTIME_URL": _NOWHERE})
    for lookup in _TERMS:
        assert _TOO_SMALL in outcome.results[f"ini {lookup}"]["msg"], outcome
        assert _UNREACHABLE in outcome.results[f"environment {lookup}"]["msg"], outcome
