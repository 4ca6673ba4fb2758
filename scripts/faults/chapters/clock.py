# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the clock while runs are active. The runs must continue and complete."""

from __future__ import annotations

import contextlib
import os
import sysconfig
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx2
from chapter import Chapter, Options
from threadworks_runtime.settings import ModelOptions
from waiting import ended

from ansible_collections.threadworks.openai.tests.local_runtimes import is_alive
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    Local,
    Served,
    raw_client,
    runtime_options,
    wait_for,
)

Json = dict[str, Any]

# Seconds that the clock is ahead of the real one.
_STEPS = (60, 3600, 90_000, -3600, 0)
_SHORT_STEPS = (3600,)
_RUNS, _SHORT_RUNS = 4, 1
_TOLERANCE = 15


def run(options: Options) -> Chapter:
    """Change the clock of a local and of a served runtime."""
    chapter = Chapter()
    library = _library()
    if library is None:
        chapter.skipped.append("clock steps: libfaketime is not installed (Debian and Ubuntu: apt install faketime)")
        return chapter
    clock = _Clock(library, options.folder / "clock")
    wrong: list[str] = []
    steps, runs = (_SHORT_STEPS, _SHORT_RUNS) if options.short else (_STEPS, _RUNS)
    with contextlib.ExitStack() as stack:
        stack.callback(_remove_segments)
        model = stack.enter_context(ModelServer())
        with clock.preloaded(), Local(str(options.folder / "local.db"), idle_timeout=600) as local:
            told = runtime_options(ModelOptions(base_url=model.base_url))
            with raw_client(local, **told) as wire:
                wrong += [f"local runtime: {each}" for each in _steps(wire, clock, model, steps, runs)]
        served_store = str(options.folder / "served.db")
        with Served(served_store, model.base_url, **clock.environment) as served, raw_client(served) as wire:
            wrong += [f"served runtime: {each}" for each in _steps(wire, clock, model, steps, runs)]
    chapter.inform("steps of the clock", 2 * len(steps))
    chapter.none("runs that did not complete", wrong)
    return chapter


class _Clock:
    """The clock of processes with libfaketime."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.step(0)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            # The monotonic clock has no steps.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """Set the clock, relative to the real one."""
        self._file.with_suffix(".new").write_text(f"{seconds:+d}s\n")
        self._file.with_suffix(".new").replace(self._file)

    @contextlib.contextmanager
    def preloaded(self) -> Iterator[None]:
        """Start the processes of this block with libfaketime."""
        os.environ.update(self.environment)
        try:
            yield
        finally:
            for name in self.environment:
                del os.environ[name]


def _steps(wire: httpx2.Client, clock: _Clock, model: ModelServer, steps: tuple[int, ...], count: int) -> list[str]:
    wrong = []
    clock.step(0)
    for step in steps:
        model.reset()
        model.script([{"hold": True, "sticky": True}])
        runs = [_started(wire) for _each in range(count)]
        wait_for(lambda: len(model.runs) == count)
        clock.step(step)
        _wait_for_step(wire, step)
        for run in runs:  # a run is only found dead or late when it is read
            if (status := wire.get(run).json()["status"]) != "in_progress":
                wrong.append(f"{step:+d} s: a run is {status}")
        model.release()
        for run in runs:
            found = ended(wire, run)
            if found["status"] != "completed":
                wrong.append(f"{step:+d} s: a run ended as {found['status']}: {found['last_error']}")
    return wrong


def _wait_for_step(wire: httpx2.Client, step: int) -> None:
    """Wait until the runtime's clock is ahead of this process's by this number of seconds."""

    def ahead() -> float:
        return parsedate_to_datetime(wire.get("/healthz").headers["date"]).timestamp() - time.time()

    wait_for(lambda: abs(ahead() - step) < _TOLERANCE)


def _started(wire: httpx2.Client) -> str:
    assistant = wire.post("/assistants", json={"model": "some"}).json()["id"]
    body = {"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
    run: Json = wire.post("/threads/runs", json=body).json()
    return f"/threads/{run['thread_id']}/runs/{run['id']}"


def _remove_segments() -> None:
    """Remove the shared memory of libfaketime that killed processes have left behind."""
    for segment in Path("/dev/shm").glob("*faketime_*"):
        if not is_alive(int(segment.name.rpartition("_")[2])):
            segment.unlink(missing_ok=True)


def _library() -> Path | None:
    """Return libfaketime for programs with threads: from Debian, Fedora or the Python package of that name."""
    folders = [Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/local/lib"), Path(sysconfig.get_path("purelib"))]
    found = [path for folder in folders for path in folder.glob("**/libfaketimeMT.so.1")]
    return found[0] if found else None
