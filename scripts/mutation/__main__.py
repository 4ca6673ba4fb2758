# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the decision logic in many small ways with Cosmic Ray, and list the changes that no test notices.

Cosmic Ray mutates a copy of the checkout in build/mutation/. For each mutant, the tests that execute the changed line
run in a fork of this process, which saves the time to import the libraries.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import forks
import survivors
from areas import AREAS, OPERATORS, PASSES, SKIPPED
from coverage_map import CoverageMap, Module, Recorder
from warm import Warm, changed_functions

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "mutation"
TREE = BUILD / "tree" / "ansible_collections" / "threadworks" / "openai"
_PROGRAMS = BUILD / "venv" / "bin"
# A test takes longer on a busy machine.
_PATIENCE, _FACTOR = 10.0, 3.0
_OPTIONS = ("-k", "not postgresql")


def main() -> None:
    """Run the mutants of the areas on the command line."""
    parser = argparse.ArgumentParser(prog="scripts/mutation", description=__doc__)
    parser.add_argument("areas", nargs="*", help=f"{' or '.join(AREAS)}; default: all")
    parser.add_argument(
        "--module", nargs="*", default=[""], help="only the modules whose paths contain one of these texts"
    )
    parser.add_argument("--keep", action="store_true", help="keep the record of which tests execute which lines")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    arguments = parser.parse_args()
    subprocess.run([ROOT / "scripts" / "copy", BUILD / "tree"], cwd=ROOT, check=True)
    os.chdir(TREE)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(BUILD / "tree")
    os.environ["ANSIBLE_HOME"] = str(BUILD / "ansible")
    forks.import_libraries()
    # Leave through the `finally` blocks, which end the forks.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in arguments.areas or AREAS:
        _run(name, arguments)
    sessions = [path for name in AREAS if (path := BUILD / name / "session.sqlite").exists()]
    print(survivors.report(survivors.read(sessions), TREE, BUILD / "survivors.txt"))


def _run(area: str, arguments: argparse.Namespace) -> None:
    paths = [path for path in AREAS[area].modules if any(text in path for text in arguments.module)]
    if not paths:
        return
    folder = BUILD / area
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("socket",) if arguments.resume else ("socket", "session.sqlite"):
        (folder / name).unlink(missing_ok=True)
    modules = [_read(TREE / path) for path in paths]
    if not ((arguments.keep or arguments.resume) and (folder / "map.json").exists()):
        every = [str(TREE / path) for path in AREAS[area].modules]
        forks.in_fork(lambda: _record(area, every), folder / "record.log", 3600)
    tests = [CoverageMap(folder / "map.json", *limits) for limits in PASSES]
    if tests[0].failed:
        print(f"These tests fail without a mutation, and are not used: {', '.join(tests[0].failed)}")
    sys.dont_write_bytecode = True
    with socket.socket(socket.AF_UNIX) as listener, contextlib.suppress(KeyboardInterrupt):
        # The path of a socket is limited to about 100 characters, and Cosmic Ray works in this directory.
        address = os.path.relpath(folder / "socket", TREE)
        listener.bind(address)
        listener.listen()
        with Warm([*AREAS[area].tests, *_OPTIONS, f"--basetemp={folder / 'tmp'}"], folder / "test.log") as warm:
            for number, some in enumerate(tests):
                if number:
                    survivors.forget(folder / "session.sqlite")
                work = functools.partial(_test, modules, some, folder, warm)
                _serve(listener, _cosmic_ray(folder, paths, address), work)


def _read(path: Path) -> Module:
    status = path.stat()
    return Module(path, path.read_text(), (status.st_atime_ns, status.st_mtime_ns))


def _record(area: str, modules: list[str]) -> int:
    with Recorder(modules, BUILD / area / "map.json") as recorder:
        return forks.run_pytest([*AREAS[area].tests, *_OPTIONS], [recorder])


def _cosmic_ray(folder: Path, paths: list[str], address: str) -> subprocess.Popen[bytes]:
    """Start Cosmic Ray, which runs the test command for each mutant."""
    session, config = str(folder / "session.sqlite"), str(folder / "cosmic-ray.toml")
    ask = f"{sys.executable} -S -E scripts/mutation/ask.py {address}"
    others = f"core/(?!({'|'.join(OPERATORS)})$)"
    Path(config).write_text(
        f"[cosmic-ray]\nmodule-path = {json.dumps(paths)}\nexcluded-modules = []\ntimeout = 3600\n"
        f"test-command = {json.dumps(ask)}\n[cosmic-ray.distributor]\nname = 'local'\n"
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = [{json.dumps(others)}]\n"
    )
    if not Path(session).exists():
        _find_mutants(session, config, paths)
    return subprocess.Popen([_PROGRAMS / "cosmic-ray", "exec", config, session])


def _find_mutants(session: str, config: str, paths: list[str]) -> None:
    """Create a session of Cosmic Ray, with all mutants."""
    subprocess.run([_PROGRAMS / "cosmic-ray", "init", config, session], check=True)
    subprocess.run([_PROGRAMS / "cr-filter-operators", session, config], check=True)
    with contextlib.closing(sqlite3.connect(session)) as connection, connection as transaction:
        for path in paths:
            for number, line in enumerate((TREE / path).read_text().splitlines(), 1):
                for pattern, operators in SKIPPED:
                    if re.search(pattern, line):
                        transaction.execute(_SKIP, (path, number, operators))


def _serve(listener: socket.socket, cosmic_ray: subprocess.Popen[bytes], test: Callable[[], int]) -> None:
    """Run the tests of one mutant after the other, until Cosmic Ray has ended."""
    listener.settimeout(1)
    try:
        while cosmic_ray.poll() is None:
            with contextlib.suppress(TimeoutError):
                connection, _address = listener.accept()
                with connection:
                    connection.settimeout(None)
                    try:
                        status = test()
                    except BaseException:
                        # Before the connection is closed, which Cosmic Ray would take for a failed test.
                        cosmic_ray.terminate()
                        cosmic_ray.wait()
                        raise
                    with contextlib.suppress(OSError):
                        connection.sendall(bytes([status]))
    finally:
        cosmic_ray.terminate()
        cosmic_ray.wait()


def _test(modules: list[Module], tests: CoverageMap, folder: Path, warm: Warm) -> int:
    """Run the tests of the current mutant, and return their exit status."""
    mutant = next((module for module in modules if module.path.read_text() != module.text), None)
    chosen = tests.tests(mutant) if mutant else {}
    if not mutant or not chosen:
        return 0
    path, text = str(mutant.path), mutant.path.read_text()
    limit = _PATIENCE + _FACTOR * sum(chosen.values())
    if changed_functions(path, mutant.text, text):
        return warm.test(path, text, list(chosen), limit)
    for module in modules:
        # Cosmic Ray has restored the others. With the earlier time, Python can use the compiled files.
        if module is not mutant:
            os.utime(module.path, ns=module.times)
    files = sorted({test.partition("::")[0] for test in chosen})
    return forks.in_fork(
        lambda: forks.run_pytest(["-x", *files], [forks.Only(list(chosen))]), folder / "test.log", limit
    )


_SKIP = """
    DELETE FROM work_items
    WHERE job_id IN (
        SELECT job_id FROM mutation_specs WHERE module_path = ? AND start_pos_row = ? AND operator_name LIKE ?
    )
"""

if __name__ == "__main__":
    main()
