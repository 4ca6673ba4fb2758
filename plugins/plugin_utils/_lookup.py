# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The base of all lookups: options, client, errors, and missing objects. Lookups only read.

from __future__ import annotations

import itertools
import multiprocessing
import time
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleLookupError, AnsibleOptionsError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..module_utils._connect import connect
from ..module_utils._errors import NotFound, TaskError
from ..module_utils._option import Option, secrets
from ..module_utils._table_connection import CONNECTION, NAMES
from ..module_utils._table_lookups import LOOKUPS
from ..module_utils._wire_reading import ReadingWire
from ._connection import definition, option_definitions, templated
from ._local import LocalRuntime
from ._wantlist import as_list

_KEPT_FOR = 1.0
_kept: dict[tuple[t.Any, ...], tuple[float, list[t.Any]]] = {}


class ReadingLookup(LookupBase):
    """The base class of lookups. Each subclass reads one kind of object."""

    # Whether the lookup always returns a list, even for one object.
    lists: t.ClassVar[bool] = False
    # Whether the lookup requires terms. Otherwise, it reads all objects if there are none.
    needs_terms: t.ClassVar[bool] = True
    _own: t.ClassVar[tuple[Option, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Define the lookup's options in Ansible's configuration.

        Otherwise Ansible parses the documentation and its fragments in each worker, which takes longer than the
        request. Both come from the table of options.
        """
        name = cls.__module__.rpartition(".")[2]
        cls._own = tuple(option for option in LOOKUPS if name in option.lookups)
        definitions = {**option_definitions(), **{option.name: definition(option) for option in cls._own}}
        C.config.initialize_plugin_configuration_definitions("lookup", cls.__module__, definitions)

    def read(self, wire: ReadingWire, term: str) -> list[dict[str, t.Any]]:
        """Return the objects for a term ("" without terms), as plain data.

        Raises:
            NotFound: The object does not exist.
            TaskError: The task cannot continue. The message says what to do.
        """
        raise NotImplementedError

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return the objects for all terms."""
        options = C.config.get_configuration_definitions("lookup", self._load_name)
        # Ansible's own option, which with_... passes on before ansible-core 2.19.
        kwargs.pop("wantlist", None)
        unknown = sorted(set(kwargs) - set(options))
        if unknown:
            known = ", ".join(sorted(options))
            raise AnsibleOptionsError(
                f"{self.ansible_name} has no option {', '.join(unknown)}. Supported options: {known}."
            )
        self.set_options(var_options=templated(options.values(), variables or {}, self._templar), direct=kwargs)
        self._is_check = bool((variables or {}).get("ansible_check_mode"))
        terms = [str(term).strip() for term in self._flatten(terms)]
        if not all(terms) or (self.needs_terms and not terms):
            # An empty variable does not mean all objects.
            raise AnsibleLookupError(
                f"{self.ansible_name} requires at least one term that is not empty, but got {terms}."
            )
        try:
            self._given = self._checked()
            found = [item for term in terms or [""] for item in self._read_or_miss(term, repr(kwargs))]
        except TaskError as error:
            key = self.get_option("api_key")
            message = remove_values(f"{self.ansible_name}: {error.message}", secrets([key or ""]))
            raise AnsibleLookupError(str(message)) from None
        return as_list(found) if self.lists else found

    def pairs(self) -> dict[str, str]:
        """Return the option `metadata` in the format of the API."""
        return self._given["metadata"] or {}

    def limited(self, things: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Return the first objects, as many as the option `limit` allows."""
        return list(itertools.islice(things, self._given["limit"]))

    def run_path(self, wire: ReadingWire, term: str) -> tuple[str | None, str]:
        """Return the ids of the thread and the run in a term. The thread is None if it is not specified.

        Raises:
            TaskError: The term has no run, or differs from the option `thread_id`.
        """
        # Imported here: not all lookups read runs.
        from ..module_utils._read_runs import run_path
        from ..module_utils._read_threads import thread_id

        thread, run_id = run_path(term, self.get_option("thread_id"), "the term")
        return thread and thread_id(wire, thread), run_id

    def _checked(self) -> dict[str, t.Any]:
        """Return all options.

        Raises:
            TaskError: An option is invalid.
        """
        options = (*self._own, *CONNECTION)
        given = {option.name: self.get_option(option.name) for option in options}
        given |= {name: None for name in NAMES if given[name] == ""}
        for option in options:
            if given[option.name] is not None:
                given[option.name] = option.checked(option.name, given[option.name])
        return given

    def _read_or_miss(self, term: str, call: str) -> list[dict[str, t.Any]]:
        connection = {name: self._given[name] for name in NAMES}
        try:
            return _once_a_task(
                (self._load_name, term, call, *connection.values()),
                lambda: self.read(self._wire(connection), term),
            )
        except NotFound as error:
            on_missing = self.get_option("on_missing")
            if on_missing == "error":
                raise
            if on_missing == "warn":
                Display().warning(f"{self.ansible_name}: {error.message} It is omitted (on_missing: warn).")
            return []

    def _wire(self, connection: dict[str, t.Any]) -> ReadingWire:
        local = LocalRuntime(connection)
        if not self._is_check:
            return connect(ReadingWire, connection, local)
        # Imported here, because only --check needs them.
        from ..module_utils._check_mode import CheckModeWire
        from ..module_utils._client import Wire
        from ._predictions import seen

        return CheckModeWire(connect(Wire, connection, local), seen(connection), Display().warning)


def _once_a_task(question: tuple[t.Any, ...], ask: t.Callable[[], list[t.Any]]) -> list[t.Any]:
    """Cache a result for other uses in the same task.

    Only in a worker, which exists for one task, and only for a short time, because `until` repeats the lookup in the
    same worker.
    """
    if multiprocessing.parent_process() is None:
        return ask()
    answered, answer = _kept.get(question, (0.0, []))
    if not answered or time.monotonic() - answered > _KEPT_FOR:
        answer = ask()
        _kept[question] = (time.monotonic(), answer)
    return answer
