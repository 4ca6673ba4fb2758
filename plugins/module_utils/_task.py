# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.basic import AnsibleModule

from ._client import Wire
from ._connect import connect
from ._errors import KeyTaken, NotFound, TaskError, WireError
from ._identity import ASSISTANT, THREAD
from ._option import secrets
from ._options import Spec

if t.TYPE_CHECKING:
    from ._recovery import Local

# The alternatives to an id.
_OTHER_NAMES = {"thread_id": (THREAD, "key"), "assistant_id": (ASSISTANT, "name")}


@dataclass
class Task:
    """The task, as seen by the logic of a resource, wherever it runs.

    Attributes:
        params: The validated options.
        check_mode: Whether to only predict changes.
        diff_mode: Whether to return a diff.
        warn: Displays a warning.
        show: Displays a line of progress, or None without a terminal.
        local: Finds and starts the local runtime, or None on a managed host.
        answers_calls: Whether later tasks answer the tool calls of the run, as in the role `run`.
        predictions: In check mode, the predictions of earlier tasks. Those of this task are added.
    """

    params: dict[str, t.Any]
    check_mode: bool
    diff_mode: bool
    warn: t.Callable[[str], None]
    show: t.Callable[[str], None] | None = None
    local: Local | None = None
    answers_calls: bool = False
    predictions: dict[str, dict[str, t.Any] | None] = field(default_factory=dict)
    _wire: Wire | None = field(default=None, repr=False)

    @property
    def wire(self) -> Wire:
        """The client. It is created when it is first used, so that wrong options are reported before it connects."""
        if self._wire is None:
            self._wire = connect(Wire, self.params, self.local)
            if self.check_mode:
                from ._check_mode import CheckModeWire

                self._wire = CheckModeWire(self._wire, self.predictions, self.warn)
        return self._wire


class Resource(t.Protocol):
    """A Python module of this directory with the logic of one resource."""

    SPEC: Spec

    def ensure(self, task: Task) -> dict[str, t.Any]:
        """Bring the resource into the desired state, and return the task's result."""


def carry_out(ensure: t.Callable[[Task], dict[str, t.Any]], task: Task) -> dict[str, t.Any]:
    """Run the logic of a resource for a task, and return the task's result, even if it failed."""
    try:
        try:
            result = ensure(task)
        except KeyTaken:
            # It was created after the search.
            result = ensure(task)
    except TaskError as error:
        result = {"failed": True, "changed": False, "msg": _named(error, task.params), **error.data}
    if not task.diff_mode:
        result.pop("diff", None)
    return result


def _named(error: TaskError, params: dict[str, t.Any]) -> str:
    """Return the message of an error, with the option to check if the server refused its value."""
    url = params["runtime_url"] or ""
    served = url and not url.startswith("unix:")
    if isinstance(error, NotFound):
        name = f"{error.kind}_id"
        if params.get(name):
            where = "runtime_url" if served else "runtime_store"
            prefix, other = _OTHER_NAMES.get(name, ("", ""))
            if params[name].startswith("{"):  # Ansible has converted a registered variable to a string.
                return f"{name} is a dictionary. Use the value of its key {name} or id instead."
            what = "the id" if params[name].startswith(prefix) else f"the id or the {other}"
            return f"{name}: {error.message} Check {what}, and check that {where} is set to the correct store."
    if isinstance(error, WireError) and error.status in (401, 403) and served:
        return f"{error.message} Check the option api_key. With runtime_url, it must be the token of that server."
    return error.message


def run_module(spec: Spec, ensure: t.Callable[[Task], dict[str, t.Any]]) -> None:
    """Run the logic of a resource as an ordinary module, for async tasks and tasks on other hosts."""
    module = AnsibleModule(supports_check_mode=True, **spec.to_kwargs())
    # Ansible has no public name for this.
    diff_mode = module._diff  # noqa: SLF001
    result = carry_out(ensure, Task(module.params, module.check_mode, diff_mode, module.warn))
    module.no_log_values = secrets(module.no_log_values)
    # Ansible adds the options to the result.
    module.params["api_key"] = module.params["api_key"] and "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
