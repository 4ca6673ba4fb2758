# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# A module's logic in the playbook's own process: the SDK is imported once for all tasks, and the embedded runtime
# needs no daemon.

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import AnsibleValidationError, UnsupportedError
from ansible.plugins.action import ActionBase

from ..module_utils import _client
from ..module_utils._task import Resource, Task, carry_out, full_spec
from ._connection import connection_options, option_definitions
from ._progress import shower

# Ansible loads this file before it forks its workers: what is imported now, they all have. The task that needs what
# could not be imported tries it again and tells: a failure here would end the whole play without a word.
with contextlib.suppress(Exception):
    option_definitions()
    _client.runtime_package()


class ResourceAction(ActionBase):
    """An action plugin for one resource of the wire; the class of each module's action says which."""

    _supports_check_mode = True
    _supports_async = True
    resource: t.ClassVar[Resource]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task here, or hand it over to the module where it has to run elsewhere."""
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        args = _plain(self._task.args)
        try:
            args.update(self._connection_options(args, variables))
        except AnsibleError as error:
            raise AnsibleActionFail(str(error)) from error
        if self._is_elsewhere(args):
            return {**result, **self._hand_over(args, variables)}
        return {**result, **self._run_here(args, str(variables.get("inventory_hostname", "localhost")))}

    def _connection_options(self, args: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        return connection_options(args, variables, self._templar, environment)

    def _is_elsewhere(self, args: dict[str, t.Any]) -> bool:
        """Tell whether the task has to be a module; only a served runtime can be asked from elsewhere."""
        if self._task.async_val and not args["runtime_url"]:
            raise AnsibleActionFail(
                "async needs a served runtime: set runtime_url. With the embedded runtime wait: false does the same: "
                "the run goes on behind the task."
            )
        return bool(self._task.async_val) or bool(args["runtime_url"] and self._connection.transport != "local")

    def _hand_over(self, args: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        wrap_async = self._task.async_val and not self._connection.has_native_async
        given = {name: value for name, value in args.items() if value is not None}
        result = self._execute_module(module_args=given, task_vars=variables, wrap_async=wrap_async)
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _message_of(self, error: AnsibleValidationError) -> str:
        """Return what an ordinary module says of a wrong option."""
        unsupported = isinstance(error, UnsupportedError)
        return f"Unsupported parameters for ({self._task.action}) module: {error.msg}" if unsupported else error.msg

    def _run_here(self, args: dict[str, t.Any], host: str) -> dict[str, t.Any]:
        validation = ArgumentSpecValidator(**full_spec(self.resource.SPEC).to_kwargs()).validate(args)
        secrets = validation._no_log_values
        if validation.error_messages:
            message = "\n".join(self._message_of(error) for error in validation.errors.errors)
            return t.cast(dict, remove_values({"failed": True, "msg": message}, secrets))
        warnings: list[str] = []
        params, show = validation.validated_parameters, shower(host)
        task = Task(params, self._task.check_mode, self._task.diff, warnings.append, show)
        result = carry_out(self.resource.ensure, task)
        if warnings:
            result["warnings"] = warnings
        return t.cast(dict, remove_values(result, secrets))


def _plain(value: t.Any) -> t.Any:
    """Return plain data: Ansible's own string types (tagged, encrypted) mean nothing to an SDK."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)
