# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Full and read-only disks: errors are clear, no answered change is lost, and everything works afterwards.

A small file system in memory is mounted if this is allowed. Otherwise, the size of the runtime's files is limited
instead of a full disk, and a store without write permission is used instead of a read-only disk.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
from chapter import Chapter, Options
from clear import unclear
from stage import Stage, stage
from threadworks_runtime.settings import ModelOptions
from waiting import ended

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import play
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    Local,
    raw_client,
    runtime_options,
    wait_for,
)

Json = dict[str, Any]

_SIZE = 4 * 2**20
_MESSAGE = "x" * 2**16
_MOST_MESSAGES = 2 * _SIZE // len(_MESSAGE)


def run(options: Options) -> Chapter:
    """Fill the disk of a runtime, and free it again. Start runtimes on full and on read-only disks."""
    chapter = Chapter()
    with stage(options.folder / "playbooks") as here, _disk(options.folder / "disk") as disk:
        if disk is None:
            chapter.skipped.append("real file systems: mounting is not allowed")
        full = _Full(options.folder / "disk", disk)
        full.run()
        chapter.at_least("messages stored until the disk was full", len(full.stored), 1)
        chapter.none("lost", full.lost)
        chapter.none("what did not go on when there was space again", full.stuck)
        unclearly = full.unclear + (_starts(here, options.folder / "disk", disk) if disk else [])
        if disk is None and os.geteuid() == 0:
            chapter.skipped.append("read-only stores: nothing is read-only for this user")
        else:
            unclearly += _read_only(here, options.folder / "disk", disk)
    chapter.none("errors that are not clear", unclearly)
    return chapter


class _Disk:
    """A mounted file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remount(self, options: str) -> None:
        """Mount the file system again with other options."""
        subprocess.run(["mount", "-o", f"remount,{options}", str(self._folder)], check=True)

    def fill(self) -> None:
        """Leave no space."""
        with contextlib.suppress(OSError), (self._folder / "ballast").open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)

    def free(self) -> None:
        """Free the space again."""
        (self._folder / "ballast").unlink(missing_ok=True)


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[_Disk | None]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield _Disk(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


class _Full:
    """A runtime whose disk is full, and then has space again.

    Attributes:
        stored: The ids of the messages that the runtime has reported as stored.
        lost: The stored messages and other objects that are missing.
        stuck: The requests that failed when there was space again.
        unclear: The errors that are not clear.
    """

    def __init__(self, folder: Path, disk: _Disk | None) -> None:
        self.stored: list[str] = []
        self.lost: list[str] = []
        self.stuck: list[str] = []
        self.unclear: list[str] = []
        self._folder, self._disk = folder, disk

    def run(self) -> None:
        """Fill the disk, free it, and check the store."""
        with (
            ModelServer() as model,
            Local(str(self._folder / "runtime.db"), idle_timeout=600) as runtime,
            raw_client(runtime, **runtime_options(ModelOptions(base_url=model.base_url))) as wire,
        ):
            assistant = wire.post("/assistants", json={"model": "some"}).json()["id"]
            thread = wire.post("/threads", json={}).json()["id"]
            waiting = wire.post("/threads", json={"messages": [{"role": "user", "content": "Wait"}]}).json()["id"]
            model.script([{"match": "Wait", "hold": True, "text": "word " * 1000}])
            body = {"assistant_id": assistant, "max_completion_tokens": 2000}
            cut = wire.post(f"/threads/{waiting}/runs", json=body).json()["id"]
            limit = self._limit(runtime.pid)
            self._fill(wire, f"/threads/{thread}/messages")
            model.release()
            # If the result cannot be stored, the run is found without a runner. Both errors are clear.
            wait_for(lambda: model.runs)
            if self._disk:
                self._disk.free()
            limit()
            self._go_on(wire, thread, assistant)
            self._end(wire, f"/threads/{waiting}/runs/{cut}")
            self._go_on(wire, waiting, assistant)

    def _limit(self, pid: int) -> Callable[[], None]:
        """Leave little space. Return a function that removes the limit if no disk was mounted."""
        if self._disk:
            (self._folder / "ballast").write_bytes(b"x" * (_SIZE // 4))
            return lambda: None
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_SIZE // 2, before[1]))
        return lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, before) and None

    def _fill(self, wire: httpx2.Client, path: str) -> None:
        for _each in range(_MOST_MESSAGES):
            answer = wire.post(path, json={"role": "user", "content": _MESSAGE})
            if answer.status_code != 200:
                message = answer.json()["error"]["message"]
                if problem := unclear(message):
                    self.unclear.append(f"full disk: {problem}: {message}")
                if "space" not in message:
                    self.unclear.append(f"full disk: the error does not say so: {message}")
                return
            self.stored.append(answer.json()["id"])
        self.stuck.append("the disk was never full")

    def _go_on(self, wire: httpx2.Client, thread: str, assistant: str) -> None:
        answer = wire.post(f"/threads/{thread}/messages", json={"role": "user", "content": "Go on"})
        if answer.status_code != 200:
            self.stuck.append(f"a message is refused: {answer.text}")
        # Otherwise, all stored messages would be sent to the model.
        body = {"assistant_id": assistant, "truncation_strategy": {"type": "last_messages", "last_messages": 1}}
        answer = wire.post(f"/threads/{thread}/runs", json=body)
        if answer.status_code != 200:
            self.stuck.append(f"a run is refused: {answer.text}")
            return
        run = f"/threads/{thread}/runs/{answer.json()['id']}"
        done = ended(wire, run)
        if done["status"] != "completed":
            self.stuck.append(f"a run ends as {done['status']}: {done['last_error']}")
        found = {each["id"] for each in _all(wire, f"/threads/{thread}/messages")}
        if thread and self.stored and found & set(self.stored):
            self.lost += [f"message {each}" for each in self.stored if each not in found]

    def _end(self, wire: httpx2.Client, run: str) -> None:
        """Check that the run that could not be written ends."""
        try:
            done = ended(wire, run)
        except AssertionError:
            self.stuck.append(f"a run that could not be written does not end: {wire.get(run).text}")
            return
        if done["status"] == "failed" and (problem := unclear(done["last_error"]["message"])):
            self.unclear.append(f"run on a full disk: {problem}: {done['last_error']}")


def _all(wire: httpx2.Client, path: str) -> list[Json]:
    found: list[Json] = []
    page: Json = {"has_more": True}
    while page["has_more"]:
        after = f"&after={page['last_id']}" if found else ""
        page = wire.get(f"{path}?limit=20{after}").json()
        found += page["data"]
    return found


def _starts(here: Stage, folder: Path, disk: _Disk) -> list[str]:
    """Run a playbook that starts its runtime on a full disk. Return the errors that are not clear."""
    disk.fill()
    wrong = _failing(here, {"start on a full disk": (folder / "new.db", "space")})
    disk.free()
    return wrong


def _read_only(here: Stage, folder: Path, disk: _Disk | None) -> list[str]:
    """Run playbooks with a read-only store, and without permission to create one. Return unclear errors."""
    store = folder / "runtime.db"
    if disk:
        disk.remount("ro")
    else:
        store.chmod(0o400)
        folder.chmod(0o500)
    new = folder / "none.db"
    wrong = _failing(here, {"read-only store": (store, str(store)), "read-only folder": (new, str(new))})
    if disk:
        disk.remount("rw")
    else:
        folder.chmod(0o700)
        store.chmod(0o600)
    return wrong


def _failing(here: Stage, stores: dict[str, tuple[Path, str]]) -> list[str]:
    """Run a playbook with a task for each store, which must fail. Return the errors that are not clear.

    Args:
        here: The environment.
        stores: Each store, and what its error must say.
    """
    tasks = [
        {
            "name": what,
            "openai_thread": {"key": "T", "runtime_store": str(store), "max_retries": 0},
            "ignore_errors": True,
        }
        for what, (store, _says) in stores.items()
    ]
    outcome = here.playbook(play(tasks))
    failed = {task.name for task in outcome.tasks if task.status == "failed"}
    wrong = []
    for what, (_store, says) in stores.items():
        message = outcome.results.get(what, {}).get("msg", str(outcome))
        if what not in failed:
            wrong.append(f"{what}: the task does not fail: {outcome}")
        elif problem := unclear(message):
            wrong.append(f"{what}: {problem}: {message}")
        elif says not in message:
            wrong.append(f"{what}: the error does not say {says}: {message}")
    return wrong
