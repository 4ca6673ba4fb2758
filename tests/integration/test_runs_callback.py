# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback `runs` in playbooks: table, custom stats, audit trail, and all ways in which a task can return a run."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.integration.report_play import (
    AGAIN,
    BUDGET,
    CALLBACK,
    HOSTS,
    PRICES,
    TICKETS,
    played,
)
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play

Json = dict[str, Any]

_ASSISTANT: Json = {"openai_assistant": {"name": "A", "model": "m"}, "register": "assistant"}
_KEY = "sk-canary-0123456789"


def _ask(text: str, **keywords: Any) -> Json:
    options = keywords.pop("options", {})
    thread = {"messages": [{"content": text}]}
    asked = {"assistant_id": "{{ assistant.assistant_id }}", "thread": thread, **options}
    return {"name": f"ask {text}", "openai_thread_run": asked, **keywords}


@pytest.fixture
def env(model_server: ModelServer, tmp_path: Path) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": model_server.base_url,
        "ANSIBLE_CALLBACKS_ENABLED": f"json_lines,{CALLBACK}",
        "ANSIBLE_SHOW_CUSTOM_STATS": "true",
        "OPENAI_RUNS_AUDIT": str(tmp_path / "audit.jsonl"),
        "OPENAI_RUNS_REPORT": str(tmp_path / "report.html"),
    }


def _stats(outcome: Outcome) -> Json:
    (line,) = (line for line in outcome.stdout.splitlines() if line.startswith("\tRUN: "))
    stats: Json = json.loads(line.removeprefix("\tRUN: "))["openai_runs"]
    return stats


def _audit(folder: Path) -> list[Json]:
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]


def _no_warning(outcome: Outcome) -> None:
    assert CALLBACK not in outcome.stderr, outcome


@pytest.mark.matrix
def test_many_hosts(tmp_path_factory: pytest.TempPathFactory, collections: Path) -> None:
    ended = played(tmp_path_factory, collections)
    folder, outcome = ended.folder, ended.first
    assert outcome.rc == 0, outcome
    _no_warning(outcome)
    stats = _stats(outcome)
    count = {name: sum(usage[name] for usage in ended.usages) for name in ("input_tokens", "output_tokens")}
    assert {name: stats[name] for name in count} == count
    left = BUDGET - count["input_tokens"] - count["output_tokens"]
    assert stats["budgets"] == [{"name": "inspections", "per": "day", "tokens_left": left, "cost_left": None}]
    assert f"Budget inspections (day): {left:,} of {BUDGET:,} tokens left" in outcome.stdout
    cost = PRICES["input"] * count["input_tokens"] + PRICES["output"] * count["output_tokens"]
    assert float(stats["cost"]["amount"]) * 1e6 == pytest.approx(cost)
    assert stats["statuses"] == {"completed": len(HOSTS) + len(TICKETS) - 2, "failed": 1, "incomplete": 1}
    assert {each["host"] for each in stats["failed_runs"]} == {"db3", "web09"}
    assert {each["task"] for each in stats["failed_runs"]} == {"Inspect the host"}
    shown = outcome.stdout.partition("OPENAI RUNS *")[2].splitlines()
    assert {line.split()[0] for line in shown[2:4]} == {"db3", "web09"}
    assert f"Report: {folder / 'report.html'}" in shown
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")

    audit = _audit(folder)
    assert stat.S_IMODE((folder / "audit.jsonl").stat().st_mode) == 0o600
    events = [line["event"] for line in audit]
    refused = [line for line in audit if line["event"] == "refused"]
    assert events.count("asked") == len(HOSTS) + len(TICKETS)
    assert events.count("ended") == len(HOSTS) + len(TICKETS)
    assert events.count("allowed") == len(HOSTS)
    assert {line["tool"] for line in refused if "tool" in line} == {"disk_usage", "restart"}
    assert [line["code"] for line in refused if "code" in line] == ["thread_not_found"]
    ran = [line for line in audit if line["event"] == "ran"]
    assert {line["task"] for line in ran} == {
        "Measure the file system",
        "Return the output to the model",
    }
    assert {line["on"] for line in ran} == set(HOSTS)
    assert all(line["user"] and line["playbook"] == "inspect.yml" for line in audit)
    # The content of the conversations is not in it.
    text = (folder / "audit.jsonl").read_text()
    assert "overloaded" not in text
    assert "/dev/vda1" not in text
    assert "arguments" not in text

    # The same again reuses the completed runs.
    again = ended.again
    assert again.rc == 0, again
    assert (_stats(again)["runs"], _stats(again)["reused_runs"]) == (1, len(AGAIN) + len(TICKETS) - 1)
    assert "OPENAI RUNS" not in again.stdout


def _wait_for(registered: str) -> Json:
    """A task that waits for an async task."""
    return {
        "name": f"wait for {registered}",
        "async_status": {"jid": f"{{{{ {registered}.ansible_job_id }}}}"},
        "register": "waited",
        "until": "waited.finished",
        # Each question is a module of its own.
        "retries": 100,
        "delay": 1,
    }


@pytest.mark.matrix
def test_all_ways_to_return_a_run(ansible_playbook: AnsiblePlaybook, env: dict[str, str], tmp_path: Path) -> None:
    tasks = [
        _ASSISTANT,
        _ask("once"),
        _ask("async", **{"async": 600, "poll": 1}),
        _ask("later", **{"async": 600, "poll": 0}, register="later"),
        _wait_for("later"),
        _ask("loop {{ item }}", loop=[1, 2], options={"wait": False}, register="started"),
        {
            "name": "collect",
            "openai_run_info": {"runs": "{{ started }}", "wait": True},
            "async": 600,
            "poll": 0,
            "register": "collecting",
        },
        _wait_for("collecting"),
        _ask("confidential", no_log=True),
        _ask("never", when=False),
        _ask("nothing", loop=[]),
        _ask("refused", options={"assistant_id": "asst_x"}, ignore_errors=True),
        _ask("retried", retries=1, delay=0, until="false", ignore_errors=True),
    ]
    outcome = ansible_playbook(play(tasks), env=env)
    assert outcome.rc == 0, outcome
    _no_warning(outcome)
    stats = _stats(outcome)
    assert (stats["runs"], stats["statuses"]) == (6, {"completed": 6}), outcome
    page = (tmp_path / "report.html").read_text()
    assert "confidential" not in page
    for text in (
        "once",
        "loop 1",
        "loop 2",
        "Reply to: async",
        "Reply to: later",
        "retried",
        "because of <code>no_log",
    ):
        assert text in page, text
    # Nothing is left in the results that playbooks see.
    assert all("openai-runs.jsonl" not in json.dumps(task.result) for task in outcome.tasks)


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_check_mode(ansible_playbook: AnsiblePlaybook, env: dict[str, str], tmp_path: Path) -> None:
    outcome = ansible_playbook(play([_ASSISTANT, _ask("one")]), "--check", env=env)
    assert outcome.rc == 0, outcome
    _no_warning(outcome)
    assert (_stats(outcome)["runs"], _stats(outcome)["input_tokens"]) == (0, 0)
    assert "check mode" in outcome.stdout
    assert not (tmp_path / "audit.jsonl").exists()


@pytest.mark.any_runtime
def test_a_playbook_without_runs(ansible_playbook: AnsiblePlaybook, env: dict[str, str], tmp_path: Path) -> None:
    outcome = ansible_playbook(play([_ASSISTANT, {"debug": {"msg": "x"}}]), env=env)
    assert outcome.rc == 0, outcome
    assert "openai_runs" not in outcome.stdout
    assert "OPENAI RUNS" not in outcome.stdout
    assert not (tmp_path / "report.html").exists()


@pytest.mark.any_runtime
def test_files_that_cannot_be_written(ansible_playbook: AnsiblePlaybook, env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    broken = {"OPENAI_RUNS_AUDIT": str(tmp_path / "folder"), "OPENAI_RUNS_REPORT": str(tmp_path / "folder")}
    outcome = ansible_playbook(play([_ASSISTANT, _ask("one"), _ask("two")]), env={**env, **broken})
    assert outcome.rc == 0, outcome
    warnings = " ".join(outcome.stderr.split())
    assert warnings.count(f"the audit trail {tmp_path / 'folder'} cannot be written: Is a directory") == 1
    assert f"the report {tmp_path / 'folder'} cannot be written: Is a directory" in warnings
    assert _stats(outcome)["runs"] == 2


@pytest.mark.any_runtime
def test_keys_and_content(ansible_playbook: AnsiblePlaybook, env: dict[str, str], tmp_path: Path) -> None:
    options = {"api_key": _KEY}
    tasks = [
        _ASSISTANT,
        {**_ask(f"repeat {_KEY}", options=options), "name": "repeat"},
        _ask(
            "elsewhere", options={**options, "base_url": "http://127.0.0.1:9/v1", "max_retries": 0}, ignore_errors=True
        ),
    ]
    outcome = ansible_playbook(play(tasks), env={**env, "OPENAI_RUNS_AUDIT_CONTENT": "true"})
    assert outcome.rc == 0, outcome
    audit = _audit(tmp_path)
    assert [line["event"] for line in audit] == ["asked", "ended", "asked", "ended"], audit
    assert audit[1]["response"].startswith("Reply to: repeat")
    for text in ((tmp_path / "audit.jsonl").read_text(), (tmp_path / "report.html").read_text()):
        assert "repeat" in text
        assert _KEY not in text


@pytest.mark.any_runtime
def test_options_in_a_configuration_file(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "ansible.cfg").write_text(
        f"[defaults]\ncallbacks_enabled = {CALLBACK}\n"
        f"[openai_runs]\nreport = {tmp_path}/a.html\naudit = {tmp_path}/a.jsonl\n"
    )
    ansible_playbook.forget("ANSIBLE_CALLBACKS_ENABLED")
    outcome = ansible_playbook(play([_ASSISTANT, _ask("one")]), env={"OPENAI_BASE_URL": model_server.base_url})
    assert outcome.rc == 0, outcome
    assert {path.name for path in tmp_path.glob("a.*")} == {"a.html", "a.jsonl"}


def test_the_artifact_of_a_job(ansible_playbook: AnsiblePlaybook, env: dict[str, str], tmp_path: Path) -> None:
    """Automation controller runs jobs with ansible-runner, and stores what its events say about custom stats."""
    runner = pytest.importorskip("ansible_runner")
    (tmp_path / "job").mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (tmp_path / "job.yml").write_text(play([_ASSISTANT, _ask("one"), {"set_stats": {"data": {"mine": 1}}}]))
    done = runner.run(
        private_data_dir=str(tmp_path / "job"),
        playbook=str(tmp_path / "job.yml"),
        envvars={**ansible_playbook.environment, **env, "ANSIBLE_CALLBACKS_ENABLED": CALLBACK, "PATH": path},
        quiet=True,
        timeout=1500,
    )
    assert done.rc == 0, done.stdout.read()
    ends = [event["event_data"] for event in done.events if event["event"] == "playbook_on_stats"]
    (artifacts,) = (end["artifact_data"] for end in ends)
    assert artifacts["mine"] == 1
    assert artifacts["openai_runs"]["statuses"] == {"completed": 1}
    assert "OPENAI RUNS" in done.stdout.read()
