# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the tasks of `plays/kills.yml` in one process, without Ansible, until the end of the input.

    python hand.py NAME < options, as JSON on one line

It prints each completed round, and each error of a task, as a line of JSON. A failed task is repeated until it
succeeds, as if a user ran the playbook again.
"""

from __future__ import annotations

import importlib
import json
import re
import select
import sys
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from paths import ROOT

from ansible_collections.threadworks.openai.plugins.module_utils._task import Task, carry_out
from ansible_collections.threadworks.openai.plugins.plugin_utils._local import LocalRuntime

Json = dict[str, Any]

_PLAYBOOK = ROOT / "scripts" / "faults" / "plays" / "kills.yml"
_EXPRESSION = re.compile(r"{{ ([\w.]+) }}")
_PREFIX = "threadworks.openai.openai_"
_PAUSE = 0.2
_LONGEST = 600.0


class Hand:
    """Runs rounds of tasks.

    Args:
        name: The prefix of the names of the rounds.
        options: The connection options.
    """

    def __init__(self, name: str, options: Json) -> None:
        self._name, self._options = name, options
        (play,) = yaml.safe_load(_PLAYBOOK.read_text())
        self._tasks = play["tasks"]

    def round(self, number: int) -> str:
        """Run all tasks with new keys, and return the name of the round."""
        name = f"{self._name}{number}"
        variables = {"cycle": name}
        for task in self._tasks:
            module = next(key for key in task if key.startswith(_PREFIX))
            for item in task.get("loop", [""]):
                params = _filled(task[module], {**variables, "item": item})
                result = self._repeated(module.removeprefix(_PREFIX), params)
                if "register" in task:
                    variables |= {f"{task['register']}.{key}": value for key, value in result.items()}
        return name

    def _repeated(self, resource: str, params: Json) -> Json:
        deadline = time.monotonic() + _LONGEST
        while (result := self._done(resource, params)).get("failed"):
            _tell({"error": result["msg"]})
            if time.monotonic() > deadline:
                sys.exit(f"openai_{resource} does not succeed: {result['msg']}")
            time.sleep(_PAUSE)
        return result

    def _done(self, resource: str, params: Json) -> Json:
        module = importlib.import_module(f"ansible_collections.threadworks.openai.plugins.module_utils._{resource}")
        validation = ArgumentSpecValidator(**module.SPEC.to_kwargs()).validate({**self._options, **params})
        if validation.error_messages:
            sys.exit(f"openai_{resource}: {validation.error_messages}")
        options = validation.validated_parameters
        local = None if options["runtime_url"] else LocalRuntime(options)
        result: Json = carry_out(module.ensure, Task(options, False, False, lambda _warning: None, local=local))
        return result


def _filled(value: Any, variables: Json) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, variables) for inner in value]
    if isinstance(value, str):
        return _EXPRESSION.sub(lambda found: str(variables[found[1]]), value)
    return value


def _tell(line: Json) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    """Run rounds until the end of the input."""
    hand, number = Hand(sys.argv[1], json.loads(sys.stdin.readline())), 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        number += 1
        _tell({"completed": hand.round(number)})


if __name__ == "__main__":
    main()
