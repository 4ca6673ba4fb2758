# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection works with nothing but the folders `meta/`, `plugins/`, `roles/` and `playbooks/`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.tests.integration.test_example_offline import check_replies
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.once import made_once
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = {"meta", "plugins", "roles", "playbooks"}
# By the names that a user of the installed collection gives.
_EXAMPLE = Path("threadworks.openai.example")
_LOCAL_RUNTIME = Path("threadworks.openai.local_runtime")

# The first test to run may have to download the model: 127 MB.


def _galaxy(*args: str | Path, home: Path) -> None:
    """Run `ansible-galaxy collection`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    subprocess.run(
        [sys.executable, "-m", "ansible", "galaxy", "collection", *args],
        cwd=home,
        env={**environment, "ANSIBLE_HOME": str(home)},
        capture_output=True,
        check=True,
    )


def _install(home: Path) -> None:
    """Build the collection, install it, and reduce it to its folders."""
    _galaxy("build", _ROOT, "--output-path", home, home=home)
    (tarball,) = home.glob("*.tar.gz")
    assert tarball.stat().st_size < 1_000_000, "caches of development tools are not part of the collection"
    _galaxy("install", tarball, "--offline", "--collections-path", home / "bare", home=home)
    collections = home / "bare" / "ansible_collections"
    for entry in [*collections.iterdir(), *(collections / "threadworks" / "openai").iterdir()]:
        if entry.name in _FOLDERS | {"threadworks"}:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds `ansible_collections/`, with the reduced collection."""
    return made_once(tmp_path_factory, "galaxy", _install) / "bare"


@pytest.fixture
def bare(installed: Path, tmp_path: Path, local_runtimes: LocalRuntimes) -> AnsiblePlaybook:
    """Runs playbooks with the reduced collection, and with nothing of the checkout."""
    # The callback only reports the results to the test.
    callback = shutil.copytree(Path(__file__).resolve().parents[1] / "callback", tmp_path / "callback")
    return AnsiblePlaybook(
        tmp_path, installed, {"ANSIBLE_CALLBACK_PLUGINS": str(callback), "PYTHONDONTWRITEBYTECODE": ""}
    )


def _replies(outcome: Outcome) -> list[str]:
    assert outcome.rc == 0, str(outcome)
    return [each["msg"] for each in outcome.results["Show the replies"]["results"]]


@pytest.mark.matrix
def test_the_example_with_a_model_server(bare: AnsiblePlaybook, installed: Path, model_server: ModelServer) -> None:
    collection = installed / "ansible_collections" / "threadworks" / "openai"
    assert {entry.name for entry in collection.iterdir()} == _FOLDERS
    variables = {"OPENAI_BASE_URL": model_server.base_url}

    replies = _replies(bare(_EXAMPLE, env=variables))
    assert replies[0] == "Reply to: What is the capital of France?"
    assert len(replies) == len(model_server.runs) == 4
    # Python has compiled these files, so nothing was imported from elsewhere.
    for folder in ("plugins/action", "plugins/lookup", "roles/runtime/files"):
        assert next((collection / folder).rglob("*.pyc"), None), folder

    stopped = bare(_LOCAL_RUNTIME, "-e", "local_runtime_state=stopped")
    assert (stopped.rc, stopped.changed) == (0, 1), str(stopped)
    assert bare(_EXAMPLE, "-e", "example_state=absent", env=variables).changed == 3


def test_the_example_on_the_offline_model(bare: AnsiblePlaybook, local_model_home: Path) -> None:
    """With another seed, because another processor computes slightly different numbers. The replies stay correct."""
    variables = {"local_model_home": str(local_model_home), "local_model_seed": 2}
    check_replies(bare(_EXAMPLE, "-e", json.dumps(variables)))
