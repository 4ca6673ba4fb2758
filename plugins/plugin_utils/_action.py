# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Runs the logic of a module in Ansible's worker. No module has to be copied, and the local runtime can be started.
# Ansible loads this file before it forks its workers, so they share its imports, and every play pays for them.

from __future__ import annotations

import contextlib
import os
import pwd
import typing as t

from ansible import context
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import AnsibleValidationError, UnsupportedError
from ansible.plugins.action import ActionBase

from ..module_utils._errors import TaskError
from ..module_utils._options import check_options
from ..module_utils._table_connection import CONNECTION
from ..module_utils._task import Resource, Task, carry_out
from ._answering import cancel_abandoned
from ._connection import connection_options
from ._environment import JOURNAL, task_environment
from ._json_options import parsed
from ._local import LocalRuntime
from ._plain import plain
from ._predictions import Predictions, are_elsewhere, forget, note_elsewhere, seen, shared, unshared
from ._progress import progress_printer

# The role that answers tool calls.
_ROLE = "threadworks.openai.run"


class ResourceAction(ActionBase):
    """The base class of action plugins. Each subclass is for one resource."""

    _supports_check_mode = True
    _supports_async = True
    resource: Resource
    # Whether the task always runs in this process, because it manages the control node.
    stays: t.ClassVar[bool] = False
    local_runtime: type[LocalRuntime] = LocalRuntime

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task here, or run the module if the task must run on its host."""
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        args = parsed(plain(self._task.args), self.resource.SPEC)
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        try:
            args.update(connection_options(args, variables, self._templar, environment))
        except AnsibleError as error:
            raise AnsibleActionFail(str(error)) from error
        host = str(variables.get("inventory_hostname", "localhost"))
        if "ansible_play_hosts" in variables:
            # A host that has failed to include a file remains in the play if the failure is rescued, but Ansible then
            # only lists it in ansible_failed_hosts.
            hosts = {host, *variables["ansible_play_hosts"], *variables.get("ansible_failed_hosts", ())}
            for message in cancel_abandoned(play_of(self._task), hosts):
                self._display.warning(message)
        if self._is_elsewhere(args):
            return {**result, **self._hand_over(args, variables)}
        args = self.with_local_files(args)
        validation = ArgumentSpecValidator(**self.resource.SPEC.to_kwargs()).validate(args)
        if validation.error_messages:
            message = "\n".join(self._message_of(error) for error in validation.errors.errors)
            done = {"failed": True, "msg": message}
        elif self._task.async_val and not self.stays:
            url = self._started(validation.validated_parameters, environment, host)
            return {**result, **self._hand_over(args, variables, url)}
        else:
            done = self._run_here(validation.validated_parameters, environment, host)
        shown = remove_values(done, self.resource.SPEC.secrets(validation.validated_parameters))
        return {**result, **t.cast("dict[str, t.Any]", shown)}

    def with_local_files(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the options of a task on the control node, with the paths of local files made absolute."""
        return args

    def local_file(self, path: str) -> str:
        """Return the absolute path of a local file, or the path itself if the file is not found.

        Relative paths are searched for as in Ansible's own modules: in the directory `files` of the role or the
        playbook, and beside them.
        """
        # The module reports that the file does not exist.
        with contextlib.suppress(AnsibleError):
            return str(self._find_needle("files", os.path.expanduser(path)))
        return path

    def _is_elsewhere(self, args: dict[str, t.Any]) -> bool:
        """Return whether the task must run as a module on its host."""
        if self.stays or not args["runtime_url"]:
            return False
        return bool(self._task.async_val) or self._connection.transport != "local"

    def _run_here(self, params: dict[str, t.Any], environment: dict[str, str], host: str) -> dict[str, t.Any]:
        warnings: list[str] = []
        local, show = self.local_runtime(params, environment), progress_printer(host)
        with task_environment(environment), self._predictions(params) as predictions:
            if are_elsewhere(predictions):
                warnings.append(unshared(self._task.get_name()))
            mode = (self._task.check_mode, self._task.diff)
            role = self._task._role  # noqa: SLF001 - it has no public name
            in_role = role is not None and role.get_name() == _ROLE
            task = Task(params, *mode, warnings.append, show, local, in_role, predictions)
            result = carry_out(self.resource.ensure, task)
            if JOURNAL in os.environ and not self._task.no_log:
                from ._run_journal import note_runs

                note_runs(task, result, self.resource.SPEC.secrets(params))
        if result.get("changed") or result.get("failed"):
            self._drop_predictions(params)
        if warnings:
            result["warnings"] = warnings
        return result

    def _predictions(self, options: dict[str, t.Any]) -> contextlib.AbstractContextManager[Predictions]:
        """Return the predictions of earlier tasks in check mode."""
        return shared(options) if self._task.check_mode and not self.stays else contextlib.nullcontext({})

    def _drop_predictions(self, options: dict[str, t.Any]) -> None:
        """Delete the predictions of tasks with `check_mode: true` after a change in a real run.

        With --check, predictions are kept, even after a task with `check_mode: false`.
        """
        if not (self._task.check_mode or self.stays or context.CLIARGS.get("check")):
            forget(options)

    def _started(self, params: dict[str, t.Any], environment: dict[str, str], host: str) -> str:
        """Start the local runtime, and return its URL for a module on this host, which cannot start one."""
        if self._connection.transport != "local":
            raise AnsibleActionFail(
                f"With async, this task runs on the host {host}, which cannot reach the local runtime of the control "
                "node. Set runtime_url to a served runtime, or run the task on the control node (delegate_to: "
                "localhost)."
            )
        if self._becomes_another_user():
            raise AnsibleActionFail(
                "With async and become, this task runs as another user, who cannot use the local runtime of the "
                "current user. Omit become, or set runtime_url to a served runtime."
            )
        local = self.local_runtime(params, environment)
        try:
            check_options(params, CONNECTION)
            local.start()
            return f"unix:{local.path()}"
        except TaskError as error:
            raise AnsibleActionFail(error.message) from None

    def _becomes_another_user(self) -> bool:
        if self._connection.become is None:
            return False
        # An unknown user fails later.
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(str(self._connection.become.get_option("become_user"))).pw_uid != os.geteuid()
        return False

    def _hand_over(
        self, args: dict[str, t.Any], variables: dict[str, t.Any], url: str | None = None
    ) -> dict[str, t.Any]:
        """Run the task as a module. In check mode, it cannot use predictions, and displays a warning.

        Args:
            args: The options.
            variables: The variables of the task.
            url: The runtime_url for the module, if it is not the one of the task.
        """
        if self._task.check_mode and seen(args):
            self._display.warning(unshared(self._task.get_name()))
        wrap_async = self._task.async_val and not self._connection.has_native_async
        options = {**args, "runtime_url": url or args["runtime_url"]}
        given = {name: value for name, value in options.items() if value is not None}
        result: dict[str, t.Any] = self._execute_module(module_args=given, task_vars=variables, wrap_async=wrap_async)
        if not wrap_async:
            # As in Ansible's own action plugins.
            self._remove_tmp_path(self._connection._shell.tmpdir)  # noqa: SLF001
        if result.get("changed") or wrap_async:
            with self._predictions(args) as predictions:
                note_elsewhere(predictions)
            self._drop_predictions(args)
        return result

    def _message_of(self, error: AnsibleValidationError) -> str:
        """Return the error of an ordinary module for an invalid option."""
        unsupported = isinstance(error, UnsupportedError)
        return f"Unsupported parameters for ({self._task.action}) module: {error.msg}" if unsupported else error.msg


def play_of(task: t.Any) -> str:
    """Return the identity of a task's play."""
    # Names of plays are not unique, and Ansible has no public name for this.
    return str(task.get_play()._uuid)  # noqa: SLF001
