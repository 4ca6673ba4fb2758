# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follow the tutorial as a reader does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.tests.guides import blocks_of
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome

_CALL = {"calls": [{"name": "disk_usage", "arguments": {}}]}
_FOUND = {"web1": ("ok", "/", 41), "web2": ("ok", "/", 43), "db1": ("critical", "/var", 97)}
_SUMMARY = "db1 is critical. web1 and web2 are fine."


def _answers() -> list[dict[str, object]]:
    """Return the answers of a model that looks at each host, and then summarizes."""
    answers: list[dict[str, object]] = [{"match": "Findings", "text": _SUMMARY}]
    for host, (status, file_system, percent) in _FOUND.items():
        finding = {"status": status, "file_system": file_system, "percent": percent, "reason": "Old logs."}
        answers += [{"match": host, **_CALL}, {"match": host, "text": json.dumps(finding)}]
    return answers


@pytest.fixture
def inspect(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> Callable[..., Outcome]:
    """Runs the playbook of the tutorial."""
    for name, text in blocks_of("docs/tutorial.md"):
        (tmp_path / name).write_text(text)
    env = {"OPENAI_BASE_URL": model_server.base_url}
    return lambda *args: ansible_playbook(tmp_path / "inspect.yml", *args, "-i", str(tmp_path / "hosts.ini"), env=env)


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_the_tutorial_ends_in_a_report(
    inspect: Callable[..., Outcome], model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.script(_answers())
    # One host shows what check mode does.
    predicted = inspect("--check", "-l", "web1,localhost")
    assert (predicted.rc, model_server.runs) == (0, []), predicted

    # Twice, in one playbook.
    twice = inspect(str(tmp_path / "inspect.yml"))
    assert twice.rc == 0, twice
    report = (tmp_path / "report.md").read_text()
    assert report.startswith(f"# Disks\n\n{_SUMMARY}\n\n| host | status | file system | used |\n|---|---|---|---|\n")
    rows = [f"| {host} | {status} | {path} | {percent} % |" for host, (status, path, percent) in _FOUND.items()]
    assert report.splitlines()[-3:] == rows
    full = [task.result["msg"] for task in twice.tasks if task.name == "Show what is full"]
    assert full == ["db1: /var is full. Old logs."] * 2
    outputs = [item["output"] for body in model_server.runs for item in body["input"] if "output" in item]
    assert len(outputs) == 3
    assert all(output.startswith("Filesystem ") for output in outputs)

    asked = len(model_server.runs)
    assert asked == 7
    names = [task.name for task in twice.tasks]
    again = twice.tasks[names.index("Create the inspector", 1) :]
    assert [task for task in again if task.status == "changed"] == [], twice

    model_server.script(_answers()[1:])
    fresh = inspect("-e", '{"inspect_again": true}')
    assert (fresh.rc, len(model_server.runs)) == (0, asked + 6), fresh
    assert (tmp_path / "report.md").read_text() == report
