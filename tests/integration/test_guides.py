# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the examples in README.md and in the guides as a user would paste them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.threadworks.openai.tests.guides import blocks_of
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook
from ansible_collections.threadworks.openai.tests.runtime.moving import assistant
from ansible_collections.threadworks.openai.tests.runtime.test_transfer import thread_export

# Names in expressions, but no attributes, and no words in strings.
_NAME = re.compile(r"""'[^']*'|"[^"]*"|(?<![\w.])([a-z_]\w*)""")
_TEMPLATE = re.compile(r"{{(.*?)}}", re.DOTALL)
_CONDITIONS = ("when", "until", "that", "changed_when", "failed_when", "var")
_CALL = {"calls": [{"name": "uptime", "arguments": {}}]}

# test_local_model.py runs it, with a real model.
_ELSEWHERE = "local_model.yml"
# The pages whose examples run one after the other, in one playbook. Check mode runs them together too: it knows what
# the examples above would have created. The model's answers are given in the order of the pages.
_TOGETHER = {
    # As most users, with a local runtime. Only there, tasks set prices.
    "local": ["docs/usage.md", "README.md"],
    "single answers": [
        *("docs/index.md", "docs/getting_started.md", "docs/model_servers.md", "docs/report.md", "docs/lookups.md"),
        "docs/files.md",
    ],
    "tools and many runs": ["docs/tools.md", "docs/role_run.md", "docs/automation_platform.md", "docs/many_runs.md"],
    # Its later examples need objects that an import cannot predict, so each of them is checked by itself.
    "moving": ["docs/moving.md"],
}

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


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "local" else pytest.mark.any_runtime) for name in _TOGETHER]
)
def test_guides(name: str, ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> None:
    files, script = [], []
    for guide in _TOGETHER[name]:
        script += _GUIDES[guide][0]
        files += _written(guide, tmp_path)
    _check_variables(files)
    model_server.script(script)
    env = {"OPENAI_BASE_URL": model_server.base_url}
    results: list[tuple[str, Any]] = []
    for group in [[file] for file in files] if name == "moving" else [files]:
        asked = len(model_server.runs)
        predicted = ansible_playbook(group[0], *map(str, group[1:]), "--check", env=env)
        assert (predicted.rc, len(model_server.runs)) == (0, asked), predicted
        outcome = ansible_playbook(group[0], *map(str, group[1:]), env=env)
        assert outcome.rc == 0, outcome
        results += [(task.name, task.result.get("msg", task.result)) for task in outcome.tasks]
    for guide in _TOGETHER[name]:
        for task, message in _GUIDES[guide][1].items():
            found = [said for name, said in results if name.endswith(task)]
            assert found, (guide, task)
            assert message is True or message in found, (guide, task, found)


def test_all_guides_are_tested() -> None:
    assert sorted(guide for guides in _TOGETHER.values() for guide in guides) == sorted(_GUIDES)


def _written(guide: str, folder: Path) -> list[Path]:
    """Write the files of a guide and those that it assumes, and return its playbooks."""
    for name, content in _FILES.get(guide, {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    playbooks = []
    for number, (name, text) in enumerate(blocks_of(guide)):
        file = folder / (name or f"example-{number}.yml")
        if file.exists():
            file = folder / f"{Path(guide).stem}-{file.name}"
        file.write_text(text)
        if "hosts:" in text and name != _ELSEWHERE:
            playbooks.append(file)
    return playbooks


def _check_variables(files: list[Path]) -> None:
    """Check that no example uses a variable that only another one of these examples sets."""
    plays = {file: yaml.safe_load(file.read_text()) for file in files}
    known = {file: set(_set_by(play)) for file, play in plays.items()}
    for file, play in plays.items():
        others = set().union(*known.values()) - known[file]
        words = {word for expression in _expressions(play) for word in _NAME.findall(expression)}
        assert not words & others, file


def _set_by(value: Any) -> Iterator[str]:
    """Return the names of the variables that a play sets, and that remain set after it."""
    for key, inner in _items(value):
        if key == "register":
            yield inner
        elif key == "ansible.builtin.set_fact":
            yield from inner
        else:
            yield from _set_by(inner)


def _expressions(value: Any, key: str = "") -> Iterator[str]:
    """Return the Jinja expressions of a play."""
    if isinstance(value, str):
        yield from [value] if key in _CONDITIONS else _TEMPLATE.findall(value)
    for name, inner in _items(value):
        yield from _expressions(inner, name or key)


def _items(value: Any) -> list[tuple[str, Any]]:
    """Return the parts of a document, with their names in a dictionary."""
    if isinstance(value, dict):
        return list(value.items())
    return [("", inner) for inner in value] if isinstance(value, list) else []
