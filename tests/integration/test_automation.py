# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example with ansible-runner and ansible-navigator, and the execution environment of the guide."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.threadworks.openai.tests.guides import blocks_of
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook

_PROGRAMS = Path(sys.executable).parent
_PLAYBOOK = "- import_playbook: threadworks.openai.example\n"
_COMMANDS = {
    "ansible-runner": ["run", ".", "--playbook", "example.yml"],
    "ansible-navigator": [
        *["run", "project/example.yml", "--mode", "stdout", "--execution-environment", "false"],
        *["--playbook-artifact-enable", "false", "--log-file", "navigator.log"],
    ],
}


def _run(program: str, arguments: list[str], folder: Path, env: dict[str, str]) -> str:
    path = f"{_PROGRAMS}{os.pathsep}{env['PATH']}"
    if not (_PROGRAMS / program).exists():
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [_PROGRAMS / program, *arguments],
        cwd=folder,
        env={**env, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> None:
    """The second program finds the results of the first one."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "example.yml").write_text(_PLAYBOOK)
    env = {**ansible_playbook.environment, "OPENAI_BASE_URL": model_server.base_url, "TERM": "xterm"}
    # They replace the callbacks, and the variable of the tests.
    del env["ANSIBLE_CALLBACKS_ENABLED"]
    programs = [program for program in _COMMANDS if (_PROGRAMS / program).exists()]
    if not programs:
        pytest.skip("neither ansible-runner nor ansible-navigator is installed")
    for number, program in enumerate(programs):
        recap = _run(program, _COMMANDS[program], tmp_path, env)
        assert "failed=0" in recap, program
        assert ("changed=0" in recap) == (number > 0), program
        assert len(model_server.runs) == 4, program


def test_the_execution_environment_has_the_libraries(tmp_path: Path, collections: Path) -> None:
    """Create its build context, and look for the requirements of the collection as the build does."""
    (name, text) = next(block for block in blocks_of("docs/automation_platform.md") if "base_image" in block[1])
    (tmp_path / name).write_text(text)
    env = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "ansible")}
    _run("ansible-builder", ["create", "--file", name], tmp_path, env)
    build = tmp_path / "context" / "_build"
    collection = yaml.safe_load((build / "requirements.yml").read_text())["collections"]
    assert [each["name"] for each in collection] == ["threadworks.openai"]
    assert "psycopg" in (build / "requirements.txt").read_text()
