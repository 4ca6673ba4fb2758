# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make this checkout importable as a collection, regardless of its path, and define the fixtures for all tests."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]


def _collections() -> Path:
    """Return the parent of `ansible_collections/`: that of this checkout, or a link tree."""
    if _ROOT.parts[-3:] == ("ansible_collections", "threadworks", "openai"):
        return _ROOT.parents[2]
    collections = _ROOT / "build" / "collections"
    link = collections / "ansible_collections" / "threadworks" / "openai"
    if link.resolve() != _ROOT:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(_ROOT)
    return collections


# Before the first import of the collection, so that it is imported as a collection. Ansible reads the path when it is
# imported, pytest-ansible when the plugins are configured.
_COLLECTIONS = _collections()
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(_COLLECTIONS)
sys.path.insert(0, str(_COLLECTIONS))
# The runtime is a plain package in the role `runtime`. It does not depend on the collection.
RUNTIME = _ROOT / "roles" / "runtime" / "files"
sys.path.insert(0, str(RUNTIME))

from ansible.plugins.loader import init_plugin_loader  # noqa: E402

init_plugin_loader()

from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes  # noqa: E402
from ansible_collections.threadworks.openai.tests.model_server import ModelServer  # noqa: E402
from ansible_collections.threadworks.openai.tests.order import dealt  # noqa: E402
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook  # noqa: E402
from ansible_collections.threadworks.openai.tests.stores import choose_stores, postgresql, store_address  # noqa: E402

__all__ = ["postgresql", "store_address"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    parser.addoption("--every-store", action="store_true", help="run tests that are marked any_store on PostgreSQL too")
    parser.addoption("--every-runtime", action="store_true", help="run tests marked any_runtime with local runtimes")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that has a store on its stores."""
    choose_stores(metafunc)


@pytest.hookimpl(trylast=True)  # after pytest has sorted the tests by their fixtures
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each process of pytest-xdist its share of the long tests."""
    items[:] = dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """The scripted model server, on a loopback port."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def collections() -> Path:
    """The parent of `ansible_collections/`, which contains this collection."""
    return _COLLECTIONS


@pytest.fixture(autouse=True)
def local_runtimes(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalRuntimes]:
    """The local runtimes of this test. They end with the test, even if it fails."""
    with LocalRuntimes() as runtimes:
        for name, value in runtimes.environment.items():
            monkeypatch.setenv(name, value)
        yield runtimes


@pytest.fixture
def ansible_playbook(
    request: pytest.FixtureRequest, tmp_path: Path, collections: Path, local_runtimes: LocalRuntimes
) -> Iterator[AnsiblePlaybook]:
    """Runs playbooks: `ansible_playbook(text_or_file, *args, env={...})` returns the outcome.

    The playbooks of tests marked `any_runtime` do not start a local runtime. They use one in this process, on the same
    store and with the scripted model server.
    """
    with contextlib.ExitStack() as stack:
        env = {}
        if request.node.get_closest_marker("any_runtime") and not request.config.getoption("--every-runtime"):
            from ansible_collections.threadworks.openai.tests.runtime.harness import served_here

            store, model = tmp_path / "runtime.db", request.getfixturevalue("model_server")
            env["OPENAI_RUNTIME_URL"] = stack.enter_context(served_here(store, model)).url
        yield stack.enter_context(AnsiblePlaybook(tmp_path, collections, env))


@pytest.fixture(scope="session")
def _local_model_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installation of the local model, which `make example` also uses. 127 MB are downloaded once."""
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
    # The processes of pytest-xdist reach this line at the same time.
    with open(installation.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Only to save time: the role does nothing then.
        if not (installation / "venv" / f"installed-{_local_model_wheels()}").exists():
            outcome = AnsiblePlaybook(tmp_path_factory.mktemp("install"), _COLLECTIONS)(play)
            assert outcome.rc == 0, str(outcome)
    return installation


def _local_model_wheels() -> str:
    """Return the hash with which the role marks an installation."""
    requirements = _ROOT / "roles" / "local_model" / "files" / "requirements.txt"
    return hashlib.sha256(requirements.read_text().rstrip().encode()).hexdigest()


@pytest.fixture
def local_model_home(_local_model_installation: Path, tmp_path: Path) -> Path:
    """A home directory for the role local_model, with the model installed, and a server for this test only."""
    home = tmp_path / "local-model"
    home.mkdir(mode=0o700)
    (home / "venv").symlink_to(_local_model_installation / "venv")
    return home
