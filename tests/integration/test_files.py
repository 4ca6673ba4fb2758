# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and vector stores in playbooks: several hosts, keys and control nodes, and where local files are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.integration.elsewhere import far_host
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play

Json = dict[str, Any]

_KEY, _OTHER = "sk-key-of-one-account", "sk-key-of-another-account"
_UPLOAD: Json = {"name": "upload", "openai_file": {"path": "disk.md"}}
_STORE: Json = {"name": "store", "openai_vector_store": {"name": "runbooks", "files": ["disk.md"]}}


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """One like OpenAI, with two accounts."""
    with ModelServer(openai=True, accounts=(_KEY, _OTHER)) as server:
        yield server


@pytest.fixture
def run_plays(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> Any:
    """Runs plays on hosts of the control node, in one playbook."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "disk.md").write_text("If the disk is full, delete old logs.\n" * 1000)
    local = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    (tmp_path / "hosts").write_text("".join(f"{name} {local}\n" for name in "abc"))

    def run_plays(*plays: str, args: tuple[str, ...] = (), **env: str) -> Outcome:
        env = {"OPENAI_BASE_URL": model_server.base_url, **env}
        outcome = ansible_playbook("".join(plays), "-i", str(tmp_path / "hosts"), *args, env=env)
        assert outcome.rc == 0, str(outcome)
        for secret in (_KEY, _OTHER):
            assert secret not in outcome.stdout + outcome.stderr
        return outcome

    return run_plays


@pytest.fixture
def run(run_plays: Any) -> Any:
    """Runs tasks on all hosts, with the key in the environment."""
    return lambda *tasks, args=(): run_plays(play(list(tasks), hosts="all"), args=args, OPENAI_API_KEY=_KEY)


def _uploads(model_server: ModelServer) -> int:
    return sum((each["method"], each["path"]) == ("POST", "/v1/files") for each in model_server.requests)


def test_several_hosts_upload_one_file(run: Any, model_server: ModelServer) -> None:
    check = run(_UPLOAD, _STORE, args=("--check",))
    assert (check.changed, _uploads(model_server)) == (2, 0)
    outcome = run(_UPLOAD, _STORE)
    uploaded = [task.result["changed"] for task in outcome.tasks if task.name == "upload"]
    assert (sum(uploaded), _uploads(model_server)) == (1, 1), "one host has created the file"
    assert len({task.result["file_id"] for task in outcome.tasks if task.name == "upload"}) == 1
    assert len({task.result["vector_store_id"] for task in outcome.tasks if task.name == "store"}) == 1
    # Ansible accepts a string instead of a list.
    text = {"name": "store", "openai_vector_store": {"name": "runbooks", "files": "disk.md"}}
    again = run(_UPLOAD, _STORE, text)
    assert (again.changed, _uploads(model_server)) == (0, 1)


def _upload_of(name: str, **variables: str) -> str:
    """A play that uploads the file, with these variables."""
    return play([{**_UPLOAD, "name": name}], hosts="all", vars=variables)


def _changes(outcome: Outcome) -> dict[str, int]:
    """The number of hosts for which each task changed something."""
    changed = Counter(task.name for task in outcome.tasks if task.result["changed"])
    return {task.name: changed[task.name] for task in outcome.tasks}


def test_the_accounts_of_two_keys(run_plays: Any, model_server: ModelServer) -> None:
    mine, other = {"openai_api_key": _KEY}, {"openai_api_key": _OTHER}
    again = [_upload_of("mine again", **mine), _upload_of("other again", **other)]
    outcome = run_plays(_upload_of("mine", **mine), _upload_of("other", **other), *again)
    assert outcome.results["mine"]["file_id"] != outcome.results["other"]["file_id"]
    assert _changes(outcome) == {"mine": 1, "other": 1, "mine again": 0, "other again": 0}, "neither has lost its file"
    hosted = model_server.hosted_of(_KEY)
    assert hosted is not None
    hosted.answer("DELETE", f"/v1/files/{outcome.results['mine']['file_id']}", b"", "")
    outcome = run_plays(_upload_of("mine", **mine), *again)
    assert _changes(outcome) == {"mine": 1, "mine again": 0, "other again": 0}, "it was deleted elsewhere"


def test_another_control_node_uploads_its_own_file(run_plays: Any, model_server: ModelServer, tmp_path: Path) -> None:
    """OpenAI does not return the content of the first one."""
    here = {"openai_api_key": _KEY}
    elsewhere = {**here, "openai_runtime_store": str(tmp_path / "other.db")}
    plays = {"here": here, "elsewhere": elsewhere, "elsewhere again": elsewhere, "here again": here}
    outcome = run_plays(*(_upload_of(name, **variables) for name, variables in plays.items()))
    assert _changes(outcome) == {"here": 1, "elsewhere": 1, "elsewhere again": 0, "here again": 0}
    assert _uploads(model_server) == 2


def test_a_module_on_another_host_reads_its_files(run: Any, served: tuple[str, list[str]], tmp_path: Path) -> None:
    path = str(tmp_path / "files" / "disk.md")
    task = {"name": "upload", "openai_file": {"path": path, "runtime_url": served[0]}}
    # In place of the other hosts.
    far_host(tmp_path)
    first = run(task)
    assert [each.host for each in first.tasks] == ["far"]
    assert first.results["upload"]["file"]["bytes"] == Path(path).stat().st_size
    assert run(task).changed == 0
