# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The desired run of a task, and how it is identified. Docs: docs/identity.md.

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ._identity import PARAMETERS, fingerprint, key_metadata
from ._options import NOT_IDENTITY
from ._status import ACTIVE, RunStatus

if t.TYPE_CHECKING:
    from ._types import Json, Metadata, Run

# With one of these statuses, no other run is needed.
_SUFFICIENT = (RunStatus.COMPLETED, *ACTIVE)


@dataclass(frozen=True)
class DesiredRun:
    """The identity of a task's run. The parameters themselves are passed to the request separately.

    Attributes:
        fingerprint: The fingerprint of the parameters.
        key: The explicit identity, or None.
        metadata: The user's metadata, or None if it is not set.
        force: Whether to always create a new run.
    """

    fingerprint: str
    key: str | None
    metadata: Metadata | None
    force: bool

    @property
    def identity(self) -> Metadata:
        """The metadata pairs that identify the run."""
        return key_metadata(self.key) or {PARAMETERS: self.fingerprint}

    def own_metadata(self, **more: str) -> Metadata:
        """Return the metadata pairs that the collection adds to a new run."""
        return {**self.identity, PARAMETERS: self.fingerprint, **more}

    def run_metadata(self, **more: str) -> Metadata:
        """Return the metadata of a new run: the user's pairs and the collection's."""
        return {**(self.metadata or {}), **self.own_metadata(**more)}

    def has_parameters(self, run: Run) -> bool:
        """Return whether a run was created with the desired parameters."""
        return (run["metadata"] or {}).get(PARAMETERS) == self.fingerprint

    def is_met_by(self, run: Run | None) -> t.TypeGuard[Run]:
        """Return whether a run has the parameters and is completed or active, so that no other run is needed."""
        return run is not None and not self.force and self.has_parameters(run) and run["status"] in _SUFFICIENT


def desired_run(params: Json, parameters: Json, metadata: Metadata | None) -> DesiredRun:
    """Return the identity of a task's run.

    Args:
        params: The options of the task.
        parameters: The options of the request to the model.
        metadata: The user's metadata, or None if it is not set.
    """
    decisive_ones = {name: value for name, value in parameters.items() if name not in NOT_IDENTITY}
    return DesiredRun(fingerprint(decisive_ones), params["key"], metadata, params["force"])


def decisive(runs: t.Iterable[Run]) -> Run | None:
    """Return the relevant run. A completed or active run takes precedence over a failed one.

    Args:
        runs: The runs with the same identity, newest first. Only as many as needed are read.
    """
    newest = None
    for run in runs:
        if run["status"] in _SUFFICIENT:
            return run
        newest = newest or run
    return newest
