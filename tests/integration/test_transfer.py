# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules openai_import and openai_export in playbooks: on the local runtime, on a served one, and from another."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, play
from ansible_collections.threadworks.openai.tests.runtime import moving
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, raw_client
from ansible_collections.threadworks.openai.tests.runtime.moving import Json, conversation, lines
from ansible_collections.threadworks.openai.tests.runtime.test_transfer import thread_export

_TOKEN = "the-secret-token"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The export of another program, next to the playbook."""
    root = tmp_path / "files" / "export"
    (root / "threads").mkdir(parents=True)
    (root / "assistants.json").write_text(json.dumps([moving.assistant()], indent=2))
    thread = moving.thread(metadata={"ansible_key": "ticket-4711"})
    (root / "threads" / "thread_1.json").write_text(json.dumps(thread_export(thread=thread), indent=2))
    return root


_TASKS: list[Json] = [
    {"name": "import", "openai_import": {"src": "export"}, "register": "imported"},
    {"name": "assistant", "openai_assistant": {"name": "Helper", "model": "gpt-4o"}},
    {"name": "thread", "openai_thread": {"key": "ticket-4711"}},
    {"name": "message", "openai_message": {"thread_id": "ticket-4711", "content": "Hello"}},
    {"name": "export", "openai_export": {"dest": "all.jsonl"}},
    {"name": "one", "openai_export": {"dest": "one.jsonl", "thread_ids": ["ticket-4711"]}},
]


def test_data_moves_through_playbooks(ansible_playbook: AnsiblePlaybook, folder: Path, tmp_path: Path) -> None:
    foretold = ansible_playbook(play(_TASKS[:1]), "--check", "--diff")
    assert (foretold.rc, foretold.changed) == (0, 1), foretold
    assert '"messages": 2' in foretold.stdout
    first = ansible_playbook(play(_TASKS))
    # Only the first import and the new files: the other tasks find the imported objects.
    assert (first.rc, first.changed) == (0, 3), first
    report = first.results["import"]["report"]
    assert moving.counts(report, "new") == [1, 1, 2, 1, 1]
    assert first.results["export"]["counts"] == {"assistants": 1, "threads": 1, "messages": 2, "runs": 1, "steps": 1}
    assert first.results["one"]["counts"] == {"assistants": 0, "threads": 1, "messages": 2, "runs": 1, "steps": 1}
    file = tmp_path / "all.jsonl"
    assert (stat.S_IMODE(file.stat().st_mode), file.stat().st_size) == (0o600, first.results["export"]["size"])
    again = ansible_playbook(play(_TASKS))
    assert (again.rc, again.changed) == (0, 0), again
    file.write_bytes(file.read_bytes()[:-1])
    foretold = ansible_playbook(play(_TASKS[4:]), "--check")
    assert (foretold.rc, foretold.changed, foretold.results["export"]["changed"]) == (0, 1, True)
    assert ansible_playbook(play(_TASKS[4:])).changed == 1
    # Into an empty store, and out again.
    empty = {"OPENAI_RUNTIME_STORE": str(tmp_path / "empty.db")}
    moved = [{"openai_import": {"src": str(file)}}, {"openai_export": {"dest": "copy.jsonl"}}]
    assert ansible_playbook(play(moved), env=empty).changed == 2
    assert (tmp_path / "copy.jsonl").read_bytes() == file.read_bytes()


@pytest.mark.any_runtime
def test_check_mode_exports_a_thread_that_does_not_exist_yet(ansible_playbook: AnsiblePlaybook) -> None:
    tasks: list[Json] = [
        {"name": "thread", "openai_thread": {"key": "new"}, "register": "thread"},
        {"name": "export", "openai_export": {"dest": "new.jsonl", "thread_ids": ["{{ thread.thread_id }}"]}},
    ]
    assert ansible_playbook(play(tasks), "--check", "--diff").changed == 2
    assert ansible_playbook(play(tasks)).changed == 2


@pytest.fixture
def source(tmp_path: Path) -> Iterator[AppServer]:
    """Another runtime with a conversation, and with a token."""
    settings = Settings(store=str(tmp_path / "source.db"), executor="served", token=_TOKEN)
    with AppServer(create_app(settings)) as server, raw_client(server, Authorization=f"Bearer {_TOKEN}") as wire:
        assert wire.post("/import", content=lines(conversation())).json()["failed"] is False
        yield server


def test_another_server_is_a_source(
    ansible_playbook: AnsiblePlaybook, source: AppServer, served: tuple[str, list[str]]
) -> None:
    """From a served runtime with a token into one without."""
    url, requests = served
    env = {"OPENAI_RUNTIME_URL": url, "OPENAI_SOURCE_KEY": _TOKEN}
    ids = {"source_url": source.url, "source_threads": ["thread_1", "thread_9"]}
    first = ansible_playbook(play([{"name": "import", "openai_import": ids}]), "-vvv", env=env)
    assert (first.rc, first.changed) == (0, 1), first
    report = first.results["import"]["report"]
    assert moving.counts(report, "new") == [1, 1, 2, 1, 1]
    assert [each["id"] for each in report["missing"]] == ["thread_9"]
    assert _TOKEN not in first.stdout + first.stderr
    assert requests.count("POST /v1/import") == 1
    everything = {"source_url": source.url, "source_api_key": _TOKEN}
    again = ansible_playbook(play([{"openai_import": everything}]), "-vvv", env={"OPENAI_RUNTIME_URL": url})
    assert (again.rc, again.changed) == (0, 0), again
    assert _TOKEN not in again.stdout + again.stderr


@pytest.mark.any_runtime
def test_what_cannot_be_imported(
    ansible_playbook: AnsiblePlaybook, source: AppServer, folder: Path, tmp_path: Path
) -> None:
    (folder / "threads" / "thread_2.json").write_text(json.dumps(thread_export())[:-50])
    (folder.parent / "conflict").mkdir()
    (folder.parent / "conflict" / "a.json").write_text(json.dumps([moving.assistant(), moving.assistant("asst_2")]))
    (folder.parent / "link").mkdir()
    (folder.parent / "link" / "a.json").symlink_to("/etc/passwd")
    wrong: dict[str, tuple[Json, str]] = {
        "truncated": ({"src": "export"}, "threads/thread_2.json:1: The line is not readable"),
        "conflict": ({"src": "conflict"}, "a.json:1[0]: The assistant 'asst_1' cannot be imported: the store has it"),
        "link": ({"src": "link"}, "is a link, and links are not followed"),
        "missing": ({"src": "nowhere"}, "Could not find or access 'nowhere'"),
        "nothing": ({}, "one of the following is required: src, source_url"),
        "both": ({"src": "export", "source_url": "http://x"}, "parameters are mutually exclusive: src|source_url"),
        "no server": ({"source_url": "http://127.0.0.1:9/v1", "source_threads": []}, "The source: The server at 127.0"),
        "no key": ({"source_url": source.url}, "Check the option source_api_key|Incorrect token"),
        "no url": ({"source_url": "x"}, "source_url must be an http or https URL"),
    }
    before: list[Json] = [{"openai_assistant": {"name": "Other", "model": "m"}, "register": "other"}]
    conflict = lines([moving.assistant(name="Another")])
    (tmp_path / "before.jsonl").write_bytes(conflict)
    before.append({"openai_import": {"src": str(tmp_path / "before.jsonl")}})
    tasks = [
        {"name": name, "openai_import": {"max_retries": 0, **options}, "ignore_errors": True}
        for name, (options, _said) in wrong.items()
    ]
    outcome = ansible_playbook(play([*before, *tasks]))
    assert outcome.rc == 0, outcome
    failed = {task.name for task in outcome.tasks if task.status == "failed"}
    for name, (_options, said) in wrong.items():
        result = outcome.results[name]
        assert name in failed
        assert any(part in result["msg"] for part in said.split("|") if name != "both") or name == "both", result["msg"]
    assert "mutually exclusive" in outcome.results["both"]["msg"]
    # The rest of the file has come over.
    assert outcome.results["conflict"]["changed"]
    assert outcome.results["conflict"]["report"]["new_ids"]["assistants"] == ["asst_2"]
    assert not outcome.results["truncated"]["changed"]


def test_where_an_export_cannot_be_written(ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    wrong: dict[str, tuple[Any, str]] = {
        "directory": ({"dest": "."}, "must be the path of a file"),
        "no parent": ({"dest": "no/where.jsonl"}, "must be the path of a file in an existing directory"),
        "no thread": ({"dest": "a.jsonl", "thread_ids": ["thread_x"]}, "No thread found with id 'thread_x'"),
        "empty": ({"dest": "a.jsonl", "thread_ids": []}, "thread_ids is empty"),
    }
    typo = tmp_path / "no" / "typo.db"
    for name, store in {"store": str(typo), "URL of a store": f"sqlite:///{typo}"}.items():
        wrong[name] = {"dest": "a.jsonl", "runtime_store": store}, f"runtime_store: The store {typo} does not exist."
    tasks = [
        {"name": name, "openai_export": options, "ignore_errors": True} for name, (options, _said) in wrong.items()
    ]
    tasks.insert(0, {"name": "thread", "openai_thread": {"key": "new"}})
    outcome = ansible_playbook(play(tasks))
    assert outcome.rc == 0, outcome
    assert not typo.parent.exists()
    for name, (_options, said) in wrong.items():
        assert said in outcome.results[name]["msg"]
    assert [path.name for path in tmp_path.glob("*a.jsonl*")] + [path.name for path in tmp_path.glob(".export*")] == []
