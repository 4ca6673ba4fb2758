# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m threadworks_runtime import`` and ``export``: files, directories and other servers as sources."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threadworks_runtime.__main__ import main
from threadworks_runtime.app import Runtime

from ansible_collections.threadworks.openai.tests.runtime import moving
from ansible_collections.threadworks.openai.tests.runtime.harness import RUNTIME, AppServer, raw_client
from ansible_collections.threadworks.openai.tests.runtime.moving import conversation, lines
from ansible_collections.threadworks.openai.tests.runtime.test_transfer import MANIFEST, thread_export

Command = Callable[..., subprocess.CompletedProcess[bytes]]
pytestmark = pytest.mark.any_store


def _arguments(tmp_path: Path, store: str, name: Any, *arguments: Any) -> list[str]:
    return [str(name), "--store", str(tmp_path / store), *map(str, arguments)]


@pytest.fixture
def process(tmp_path: Path) -> Command:
    """Runs a command on a store in a process, as users do, and returns its status and output."""

    def run(*arguments: Any, store: str = "store.db", stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "threadworks_runtime", *_arguments(tmp_path, store, *arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(RUNTIME)},
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Does the same in this process. Most of the time of a short command is its start."""

    def run(*arguments: Any, store: str = "store.db", **environment: str) -> subprocess.CompletedProcess[bytes]:
        words = ["python -m threadworks_runtime", *_arguments(tmp_path, store, *arguments)]
        capfdbinary.readouterr()
        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            patched.setattr(sys, "argv", words)
            for name, value in environment.items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        status = ended.value.code or 0
        told = capfdbinary.readouterr()
        if isinstance(status, str):  # Python writes it at the end of a process
            return subprocess.CompletedProcess(words, 1, told.out, told.err + f"{status}\n".encode())
        return subprocess.CompletedProcess(words, status, told.out, told.err)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with the export of another program."""
    root = tmp_path / "export"
    (root / "threads").mkdir(parents=True)
    (root / "assistants.json").write_text(json.dumps([moving.assistant()], indent=2))
    (root / "manifest.json").write_text(json.dumps(MANIFEST, indent=1))
    (root / "threads" / "thread_1.json").write_text(json.dumps(thread_export(), indent=2), encoding="utf-8")
    (root / "README.md").write_text("This is not data.")
    (root / ".hidden.json").write_text("neither is this")
    return root


def test_a_directory_comes_over(process: Command, folder: Path, tmp_path: Path) -> None:
    foretold = process("import", folder, "--dry-run")
    assert (foretold.returncode, b"messages: 2 read; 2 new" in foretold.stdout) == (0, True), foretold
    done = process("import", folder, "--report", tmp_path / "report.json")
    assert done.returncode == 0, done
    report = json.loads((tmp_path / "report.json").read_text())
    assert moving.counts(report, "new") == [1, 1, 2, 1, 1]
    for text in (b"Missing in the source: 2", b"thread_9", b"file-1 (plot.png), used by msg_2"):
        assert text in done.stdout
    again = process("import", folder)
    assert (again.returncode, b"2 unchanged" in again.stdout) == (0, True)


def test_an_export_moves_a_store(command: Command, process: Command, folder: Path, tmp_path: Path) -> None:
    assert command("import", folder).returncode == 0
    file = tmp_path / "all.jsonl"
    assert command("export", "--output", file).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert command("import", file, store="other.db").returncode == 0
    assert process("export", store="other.db").stdout == file.read_bytes() == command("export").stdout
    assert process("import", "-", store="third.db", stdin=file.read_bytes()).returncode == 0
    assert command("export", store="third.db").stdout == file.read_bytes()
    one = command("export", "--thread-id", "thread_1", "--no-assistants").stdout
    assert one.splitlines()[1:-1] == file.read_bytes().splitlines()[2:-1]
    missing = process("export", "--thread-id", "thread_x", "--output", tmp_path / "none.jsonl")
    assert (missing.returncode, missing.stderr) == (1, b"No thread found with id 'thread_x'.\n")
    unknown = command("export", "--output", tmp_path / "none.jsonl", store="none.db")
    assert (unknown.returncode, b"none.db does not exist. Check --store." in unknown.stderr) == (1, True)
    assert {path.name for path in tmp_path.glob("*export-*")} | {path.name for path in tmp_path.glob("none*")} == set()


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_files_of_each_form(command: Command, tmp_path: Path, end: str) -> None:
    objects = conversation()
    root = tmp_path / "files"
    root.mkdir()
    (root / "a.ndjson").write_bytes(b"\xef\xbb\xbf" + json.dumps(objects[0]).encode() + end.encode())
    (root / "b.json").write_text("\n".join(map(json.dumps, objects[1:3])) + end)
    (root / "c.json").write_text(json.dumps({"object": "list", "data": [objects[3]]}, indent=4) + end)
    (root / "d").mkdir()
    (root / "d" / "run.json").write_text(json.dumps(objects[4]) + end)
    (root / "d" / "step.json").write_text(json.dumps(objects[5], indent=1).replace("\n", "\r\n"))
    done = command("import", root)
    assert done.returncode == 0, done
    assert moving.counts(json.loads(command_report(command, root)), "unchanged") == [1, 1, 2, 1, 1]


def command_report(command: Command, path: Path) -> bytes:
    """Repeat an import, and return its report."""
    report = path.parent / "again.json"
    assert command("import", path, "--report", report).returncode == 0
    return report.read_bytes()


def test_links_are_not_followed(command: Command, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(json.dumps(moving.assistant("asst_secret")))
    (folder / "link.json").symlink_to("../secret.json")
    refused = command("import", folder)
    assert (refused.returncode, b"link.json is a link" in refused.stderr) == (1, True)
    (folder / "link.json").unlink()
    (folder / "loop").symlink_to(folder)
    refused = command("import", folder)
    assert (refused.returncode, b"loop is a link" in refused.stderr) == (1, True)
    (folder / "loop").unlink()
    os.mkfifo(folder / "pipe.json")
    refused = command("import", folder)
    assert (refused.returncode, b"pipe.json is not a file" in refused.stderr) == (1, True)
    assert command("export").stdout.count(b"\n") == 2
    (folder / "pipe.json").unlink()
    (tmp_path / "to").symlink_to(folder)
    assert command("import", tmp_path / "to").returncode == 0


def test_what_cannot_be_imported(command: Command, process: Command, folder: Path, tmp_path: Path) -> None:
    text = (folder / "threads" / "thread_1.json").read_text()
    (folder / "threads" / "thread_2.json").write_text(text[:-100])
    broken = command("import", folder)
    assert broken.returncode == 1
    assert b"threads/thread_2.json:1" in broken.stdout
    assert command("export").stdout.count(b"\n") == 2
    (folder / "threads" / "thread_2.json").rename(folder / os.fsdecode(b"bad\xff.json"))
    assert b"bad?.json:1" in process("import", folder).stdout
    unwritable = command("import", folder, "--report", tmp_path / "none" / "report.json")
    assert (unwritable.returncode, unwritable.stderr.strip().endswith(b"No such file or directory.")) == (1, True)
    assert b"Traceback" not in unwritable.stderr
    os.mkfifo(tmp_path / "pipe")
    replaced = command("export", "--output", tmp_path / "pipe")
    assert (replaced.returncode, b"pipe is not a regular file" in replaced.stderr) == (1, True)
    (tmp_path / "empty").mkdir()
    for path, said in [("empty", b"has no files"), ("nothing", b"No such file")]:
        refused = command("import", tmp_path / path)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused
    for arguments in ([], [folder, "--from", "http://127.0.0.1:1"]):
        assert command("import", *arguments).returncode == 2


@pytest.fixture
def source(server: AppServer) -> AppServer:
    """Another runtime with a conversation."""
    with raw_client(server) as wire:
        objects = [*conversation(), moving.thread("thread_2"), moving.message("msg_3", thread_id="thread_2")]
        assert wire.post("/import", content=lines(objects)).json()["failed"] is False
    return server


def test_another_server_is_a_source(command: Command, source: AppServer, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("# threads\nthread_1\n\nthread_9\n")
    done = command("import", "--from", source.url, "--threads", tmp_path / "ids", "--report", tmp_path / "report")
    assert done.returncode == 0, done
    report = json.loads((tmp_path / "report").read_text())
    assert moving.counts(report, "new") == [1, 1, 2, 1, 1]
    assert [each["id"] for each in report["missing"]] == ["thread_9"]
    everything = command("import", "--from", source.url)
    assert (everything.returncode, b"threads: 2 read; 1 new, 1 unchanged" in everything.stdout) == (0, True)
    with raw_client(source) as wire:
        there = [line.partition(b',"threadworks"')[0].rstrip(b"}") for line in wire.get("/export").content.splitlines()]
    here = [line.partition(b',"threadworks"')[0].rstrip(b"}") for line in command("export").stdout.splitlines()]
    assert here == there


def test_a_server_that_is_no_source(command: Command, source: AppServer) -> None:
    for url in (f"{source.root}/v2", "ftp://127.0.0.1", "127.0.0.1:1"):
        wrong = command("import", "--from", url)
        assert (wrong.returncode, b"(--from)" in wrong.stderr) == (1, True), wrong


def test_a_source_that_ignores_the_cursor(command: Command) -> None:
    page = {"object": "list", "data": [moving.assistant()], "has_more": True}

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(page).encode()})

    with AppServer(answer) as front:
        refused = command("import", "--from", front.url)
    assert (refused.returncode, b"the same page to GET assistants" in refused.stderr) == (1, True)


def test_the_key_of_a_source_is_a_header(command: Command, app: Runtime) -> None:
    seen: list[dict[str, str]] = []

    async def around(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            seen.append({name.decode(): value.decode() for name, value in scope["headers"]})
            seen[-1]["query"] = scope["query_string"].decode()
        await app(scope, receive, send)

    with AppServer(around) as front:
        version = ("--api-version", "2024-05-01-preview", "--thread-id", "thread_2", "--no-runs")
        command("import", "--from", front.url, *version, OPENAI_SOURCE_KEY="the-key")
        command("import", "--from", front.url, *version, OPENAI_SOURCE_KEY="eyJ.a.b")
        command("import", "--from", front.url, OPENAI_SOURCE_KEY="the-key")
    assert seen[0]["api-key"] == "the-key"
    assert "api-version=2024-05-01-preview" in seen[0]["query"]
    assert {each.get("authorization") for each in seen} == {None, "Bearer eyJ.a.b", "Bearer the-key"}


@pytest.mark.parametrize("name", ["import", "export"])
def test_help_names_the_options(command: Command, name: str) -> None:
    text = command(name, "--help").stdout.decode()
    wanted = {"import": ("--on-conflict", "--from", "--dry-run", "--files"), "export": ("--output", "--thread-id")}
    assert all(option in text for option in ("--store", *wanted[name]))
