# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes this checkout importable as the collection it is, wherever it lies, and offers what every test needs."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]


def _collections() -> Path:
    """The folder that holds `ansible_collections/`: a link tree, unless the checkout lies in such a one."""
    if _ROOT.parts[-3:] == ("ansible_collections", "threadworks", "openai"):
        return _ROOT.parents[2]
    collections = _ROOT / "build" / "collections"
    link = collections / "ansible_collections" / "threadworks" / "openai"
    if link.resolve() != _ROOT:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(_ROOT)
    return collections


# Before the first import of the collection, so that it comes in as a collection. Ansible takes its path from here when
# it is imported, pytest-ansible when the plugins are configured.
_COLLECTIONS = _collections()
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(_COLLECTIONS)
sys.path.insert(0, str(_COLLECTIONS))
# The runtime is a plain package that role `runtime` carries; it knows nothing of the collection.
RUNTIME = _ROOT / "roles" / "runtime" / "files"
sys.path.insert(0, str(RUNTIME))

from ansible.plugins.loader import init_plugin_loader  # noqa: E402

init_plugin_loader()

from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes  # noqa: E402
from ansible_collections.threadworks.openai.tests.model_server import ModelServer  # noqa: E402
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook  # noqa: E402
from ansible_collections.threadworks.openai.tests.stores import choose_stores, postgresql, store_address  # noqa: E402

__all__ = ["postgresql", "store_address"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    parser.addoption("--every-store", action="store_true", help="run tests on PostgreSQL too that are marked any_store")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that has a store on the stores that it is for."""
    choose_stores(metafunc)


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """The scripted model server, on a loopback port."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def collections() -> Path:
    """The folder that holds `ansible_collections/`, with this collection in it."""
    return _COLLECTIONS


@pytest.fixture(autouse=True)
def local_runtimes(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalRuntimes]:
    """Local runtimes of this test alone: they end with it, however it ends."""
    with LocalRuntimes() as runtimes:
        for name, value in runtimes.environment.items():
            monkeypatch.setenv(name, value)
        yield runtimes


@pytest.fixture
def ansible_playbook(tmp_path: Path, collections: Path, local_runtimes: LocalRuntimes) -> Iterator[AnsiblePlaybook]:
    """Runs playbooks for real: `ansible_playbook(text_or_file, *args, env={...})` returns their outcome."""
    with AnsiblePlaybook(tmp_path, collections) as playbook:
        yield playbook


@pytest.fixture(scope="session")
def _local_model_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installation of the offline model that `make example` uses too: 127 MB are downloaded once for all."""
    installation = _ROOT / "build" / "local-model"
    installation.parent.mkdir(exist_ok=True)
    play = f"""
        - hosts: localhost
          gather_facts: false
          tasks:
            - ansible.builtin.import_role:
                name: threadworks.openai.local_model
                tasks_from: install
              vars:
                local_model_home: {json.dumps(str(installation))}
        """
    # The processes of pytest-xdist come here at the same moment.
    with open(installation.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outcome = AnsiblePlaybook(tmp_path_factory.mktemp("install"), _COLLECTIONS)(play)
    assert outcome.rc == 0, str(outcome)
    return installation


@pytest.fixture
def local_model_home(_local_model_installation: Path, tmp_path: Path) -> Path:
    """A folder for role local_model: it is installed there, and the server is this test's own."""
    home = tmp_path / "local-model"
    home.mkdir(mode=0o700)
    (home / "venv").symlink_to(_local_model_installation / "venv")
    return home
