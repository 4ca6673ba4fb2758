# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Libraries that are missing, too old or broken: one message that says how to install them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.plugin_utils import _libraries
from ansible_collections.threadworks.openai.tests.local.conftest import Desk
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, play

_MISSING = ("falcon", "openai", "pydantic", "sqlalchemy", "uvicorn")
_REMEDY = f"{sys.executable} -m pip install -r {_libraries.REQUIREMENTS}"


@pytest.fixture
def bare_python(tmp_path: Path) -> tuple[str, str]:
    """A Python with Ansible, but without what the runtime needs, and the PYTHONPATH that makes it so."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.lower().startswith((*_MISSING, "__")):
            (libraries / entry.name).symlink_to(entry)
    return str(tmp_path / "bare" / "bin" / "python"), str(libraries)


_TASKS: dict[str, dict] = {
    "runtime": {"openai_local_runtime": {}},
    "check mode": {"openai_local_runtime": {}, "check_mode": True},
    "thread": {"openai_thread": {"key": "a"}},
    "lookup": {"debug": {"msg": "{{ query('threadworks.openai.openai_threads') }}"}},
}


@pytest.mark.matrix
def test_missing_libraries_are_named_in_one_message(
    ansible_playbook: AnsiblePlaybook, bare_python: tuple[str, str], local_runtimes: LocalRuntimes
) -> None:
    python, libraries = bare_python
    tasks = [{"name": name, **task, "ignore_errors": True} for name, task in _TASKS.items()]
    outcome = ansible_playbook(play(tasks), python=python, env={"PYTHONPATH": libraries})
    for name in _TASKS:
        message = outcome.results[name]["msg"]
        assert "it needs Python libraries that are not installed: " in message, str(outcome)
        named = message.partition("not installed: ")[2].partition(".")[0].lower().split(", ")
        assert sorted(named) == sorted([*_MISSING, "pydantic-core"]), name
        assert f"{python} -m pip install -r " in message, name
        assert message.count("roles/runtime/files/requirements.txt") == 1, name
    assert local_runtimes.pids() == []


def test_the_command_can_be_pasted_whatever_the_paths_contain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/my projects/python")
    monkeypatch.setattr(_libraries, "REQUIREMENTS", "/für mich/requirements.txt")
    command = str(_libraries.unusable("it is old")).partition("runs Ansible: ")[2]
    assert shlex.split(command) == ["/my projects/python", "-m", "pip", "install", "-r", "/für mich/requirements.txt"]


def test_look_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in _MISSING]:
        monkeypatch.delitem(sys.modules, name)
    _libraries.require_libraries()
    assert not set(_MISSING) & set(sys.modules)


def test_library_that_is_too_old(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = tmp_path / "falcon-1.4.1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: falcon\nVersion: 1.4.1\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TaskError) as caught:
        desk.runtime().start()
    assert "falcon 1.4.1 is too old (at least 4 is needed)" in caught.value.message
    assert caught.value.message.endswith(_REMEDY)


def test_library_that_is_broken(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "uvicorn.py").write_text("import no_such_library\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TaskError) as caught:
        desk.runtime().start()
    assert "No module named 'no_such_library'" in caught.value.message
    assert caught.value.message.endswith(_REMEDY)


def test_collection_without_its_roles(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libraries, "REQUIREMENTS", str(tmp_path / "requirements.txt"))
    with pytest.raises(TaskError, match="is incomplete"):
        desk.runtime().start()


def test_requirements_lie_with_the_runtime() -> None:
    assert os.path.isfile(_libraries.REQUIREMENTS)
    assert (Path(_libraries.RUNTIME) / "threadworks_runtime" / "__main__.py").is_file()
