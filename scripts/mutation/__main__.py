# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the decision logic in many small ways with Cosmic Ray, and list the changes that no test notices.

Cosmic Ray mutates a copy of the checkout in build/mutation/. For each mutant, the tests that execute the changed line
run in a fork of this process, which saves the time to import the libraries.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import forks
from areas import AREAS, MOST_TESTS, OPERATORS
from coverage_map import CoverageMap, Module, Recorder
from warm import Warm, changed_functions

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "mutation"
TREE = BUILD / "tree" / "ansible_collections" / "threadworks" / "openai"
_PROGRAMS = BUILD / "venv" / "bin"
# A test takes longer on a busy machine.
_PATIENCE, _FACTOR = 20.0, 5.0
_OPTIONS = ("-k", "not postgresql")


def main() -> None:
    """Run the mutants of the areas on the command line."""
    parser = argparse.ArgumentParser(prog="scripts/mutation", description=__doc__)
    parser.add_argument("areas", nargs="*", help=f"{' or '.join(AREAS)}; default: all")
    parser.add_argument(
        "--module", nargs="*", default=[""], help="only the modules whose paths contain one of these texts"
    )
    parser.add_argument("--keep", action="store_true", help="keep the record of which tests execute which lines")
    arguments = parser.parse_args()
    subprocess.run([ROOT / "scripts" / "copy", BUILD / "tree"], cwd=ROOT, check=True)
    os.chdir(TREE)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(BUILD / "tree")
    os.environ["ANSIBLE_HOME"] = str(BUILD / "ansible")
    forks.import_libraries()
    # Leave through the `finally` blocks, which end the forks.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in arguments.areas or AREAS:
        _run(name, arguments.module, arguments.keep)
    print(_summary())


def _run(area: str, chosen: list[str], keep: bool) -> None:
    paths = [path for path in AREAS[area].modules if any(text in path for text in chosen)]
    if not paths:
        return
    folder = BUILD / area
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("session.sqlite", "socket"):
        (folder / name).unlink(missing_ok=True)
    modules = [_read(TREE / path) for path in paths]
    if not (keep and (folder / "map.json").exists()):
        every = [str(TREE / path) for path in AREAS[area].modules]
        forks.in_fork(lambda: _record(area, every), folder / "record.log", 3600)
    tests = CoverageMap(folder / "map.json", MOST_TESTS)
    if tests.failed:
        print(f"These tests fail without a mutation, and are not used: {', '.join(tests.failed)}")
    sys.dont_write_bytecode = True
    with socket.socket(socket.AF_UNIX) as listener, contextlib.suppress(KeyboardInterrupt):
        # The path of a socket is limited to about 100 characters, and Cosmic Ray works in this directory.
        address = os.path.relpath(folder / "socket", TREE)
        listener.bind(address)
        listener.listen()
        with Warm([*AREAS[area].tests, *_OPTIONS, f"--basetemp={folder / 'tmp'}"], folder / "test.log") as warm:
            _serve(listener, _cosmic_ray(folder, paths, address), lambda: _test(modules, tests, folder, warm))


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
    subprocess.run([_PROGRAMS / "cosmic-ray", "init", config, session], check=True)
    subprocess.run([_PROGRAMS / "cr-filter-operators", session, config], check=True)
    with contextlib.closing(sqlite3.connect(session)) as connection:
        for path in paths:
            lines = enumerate((TREE / path).read_text().splitlines(), 1)
            # Only type checkers see these imports.
            skipped = [number for number, line in lines if line.endswith("TYPE_CHECKING:")]
            connection.executemany(_SKIP, [(path, number) for number in skipped])
        connection.commit()
    return subprocess.Popen([_PROGRAMS / "cosmic-ray", "exec", config, session])


def _serve(listener: socket.socket, cosmic_ray: subprocess.Popen[bytes], test: Callable[[], int]) -> None:
    """Run the tests of one mutant after the other, until Cosmic Ray has ended."""
    listener.settimeout(1)
    try:
        while cosmic_ray.poll() is None:
            with contextlib.suppress(TimeoutError):
                connection, _address = listener.accept()
                with connection:
                    connection.settimeout(None)
                    status = test()
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


def _summary() -> str:
    """Return the survivors with their changes, and a table of the modules."""
    rows, survivors = [], []
    for area in AREAS:
        session = BUILD / area / "session.sqlite"
        if session.exists():
            with contextlib.closing(sqlite3.connect(session)) as connection:
                rows += connection.execute(_COUNTS).fetchall()
                survivors += connection.execute(_SURVIVORS).fetchall()
    (BUILD / "survivors.txt").write_text("\n\n".join(text for (text,) in survivors))
    table = [f"{path:70} {mutants:5} {killed:5} {mutants - killed:5}" for path, mutants, killed in rows]
    total = [sum(row[column] for row in rows) for column in (1, 2)]
    table.append(f"{'total':70} {total[0]:5} {total[1]:5} {total[0] - total[1]:5}")
    return "\n".join([f"{'module':70} {'all':>5} {'found':>5} {'alive':>5}", *table, str(BUILD / "survivors.txt")])


_SKIP = """
    DELETE FROM work_items
    WHERE job_id IN (SELECT job_id FROM mutation_specs WHERE module_path = ? AND start_pos_row = ?)
"""
_COUNTS = """
    SELECT module_path, count(*), sum(test_outcome != 'SURVIVED') FROM work_results JOIN mutation_specs USING (job_id)
    WHERE worker_outcome = 'NORMAL' GROUP BY module_path ORDER BY module_path
"""
_SURVIVORS = """
    SELECT operator_name || ' ' || module_path || ':' || start_pos_row || char(10) || diff
    FROM work_results JOIN mutation_specs USING (job_id)
    WHERE worker_outcome = 'NORMAL' AND test_outcome = 'SURVIVED' ORDER BY module_path, start_pos_row
"""

if __name__ == "__main__":
    main()
