# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the examples in README.md and in the guides as a user would paste them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.guides import blocks_of
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook
from ansible_collections.threadworks.openai.tests.runtime.moving import assistant
from ansible_collections.threadworks.openai.tests.runtime.test_transfer import thread_export

_CALL = {"calls": [{"name": "uptime", "arguments": {}}]}

# test_local_model.py runs it, with a real model.
_ELSEWHERE = "local_model.yml"
# Its later examples need objects that an import cannot predict. For other pages, check mode runs all examples together:
# it knows what the examples above would have created.
_NOT_PREDICTED = "docs/moving.md"

# The model's answers to the examples of each page, and the expected messages of some tasks (True: any message).
_GUIDES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "README.md": ([], {"Show the answer": True}),
    "docs/index.md": ([], {"Show the answer": True}),
    "docs/getting_started.md": ([], {"Show the answer": True}),
    "docs/automation_platform.md": (
        [{"text": '{"team": "network", "first_step": "Look at the optics."}'}, {"text": "Please look."}],
        {"Show the message": True},
    ),
    "docs/tools.md": (
        [_CALL, {}, _CALL, {}],
        {"Run uptime": True, "Show the answer": "Reply to: How long has the host been up?"},
    ),
    "docs/lookups.md": (
        [],
        {
            "Run a task only if no run has failed": "All is well.",
            "Find assistants by their metadata": ["Guide"],
            "Wait until a run has ended": True,
        },
    ),
    "docs/many_runs.md": (
        [{"match": "db2", "failed": {"code": "server_error", "message": "out of order"}}],
        {
            "Show the answers": ["Reply to: The link to Bergen flaps."],
            "Show the failed runs": True,
            "Store the replies in a dictionary": True,
            "Show the dictionary": True,
            "Show the reasons": ["ended as failed: The model server answered with an error: out of order."],
            "Count the active runs": 0,
        },
    ),
    "docs/model_servers.md": ([], {}),
    "docs/moving.md": ([], {"Show the files that were not imported": True}),
    "docs/report.md": (
        [],
        {
            "Show the transcript": (
                "**User**\n\nWhat is a default gateway?\n\n**Assistant**\n\nReply to: What is a default gateway?\n"
            ),
        },
    ),
    "docs/usage.md": (
        [{"cached_tokens": 4}],
        {"Show the cost": "7 + 9 tokens, 0.00000484 US dollars", "Show the answer": True},
    ),
    "docs/files.md": (
        [],
        {
            "Show the answer": "Full disk: delete the archived logs of the database server, and then the old backups.",
            "Show the cited runbooks": ["disk_full.md"],
            "Show the number of versions": "1 version(s)",
        },
    ),
    "docs/role_run.md": (
        [{}, {}, {"text": '{"encrypted": [22, 443]}'}],
        {"Use the data": "Encrypted: 22, 443"},
    ),
}
# The files beside the examples of a page: texts, or documents that are written as JSON.
_FILES: dict[str, dict[str, Any]] = {
    "docs/files.md": {
        "runbooks/disk_full.md": (
            "# Disk full\n\nFull disk: delete the archived logs of the database server, and then the old backups.\n"
        ),
        "runbooks/link_flaps.md": "# Link flaps\n\nReplace the cable of the link first, then the transceiver.\n",
    },
    "docs/moving.md": {
        "assistants-export/assistants.json": [assistant()],
        "assistants-export/threads/thread_1.json": thread_export(),
    },
}


def _page(guide: str) -> Any:
    """A parameter. The README has a local runtime, as most users do; and only there, tasks set prices."""
    return pytest.param(guide, marks=() if guide in ("README.md", "docs/usage.md") else pytest.mark.any_runtime)


@pytest.mark.parametrize("guide", [_page(guide) for guide in _GUIDES])
def test_guide(guide: str, ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> None:
    script, said = _GUIDES[guide]
    for name, content in _FILES.get(guide, {}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    model_server.script(script)
    files = _written(guide, tmp_path)
    env = {"OPENAI_BASE_URL": model_server.base_url}
    results: dict[str, Any] = {}
    for group in [[file] for file in files] if guide == _NOT_PREDICTED else [files]:
        asked = len(model_server.runs)
        predicted = ansible_playbook(group[0], *map(str, group[1:]), "--check", env=env)
        assert (predicted.rc, len(model_server.runs)) == (0, asked), predicted
        for file in group:
            # By itself, because an example has no variables of another one.
            outcome = ansible_playbook(file, env=env)
            assert outcome.rc == 0, outcome
            results |= {task.name: task.result for task in outcome.tasks}
    for task, message in said.items():
        (result,) = (result for name, result in results.items() if name.endswith(task))
        assert message is True or result["msg"] == message


def _written(guide: str, folder: Path) -> list[Path]:
    """Write the files of a guide, and return its playbooks."""
    playbooks = []
    for number, (name, text) in enumerate(blocks_of(guide)):
        file = folder / (name or f"example-{number}.yml")
        file.write_text(text)
        if "hosts:" in text and name != _ELSEWHERE:
            playbooks.append(file)
    return playbooks
