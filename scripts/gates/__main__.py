# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run all gates, even if some fail, and print a table of their versions and results."""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from table import BUILD, COLLECTIONS, GROUPS, ROOT, TARBALL, Gate

# The number of gates that run at the same time: the number of cores of the smallest supported machine.
_AT_ONCE = 2


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of a gate: its duration in seconds, and whether it passed."""

    gate: Gate
    seconds: float
    passed: bool

    def row(self) -> tuple[str, str, str, str]:
        """Return the row of the summary."""
        version = f"{self.gate.package} {self.gate.version()}"
        return self.gate.name, version, f"{self.seconds:.0f} s", "passed" if self.passed else "FAILED"


def main() -> None:
    """Run the gates of the groups on the command line."""
    parser = argparse.ArgumentParser(prog="scripts/gates", description=__doc__)
    parser.add_argument("groups", nargs="+", choices=GROUPS)
    groups = parser.parse_args().groups
    BUILD.mkdir(parents=True, exist_ok=True)
    if "collection" in groups:
        _build()
    outcomes = _run([gate for group in groups for gate in GROUPS[group]()])
    print("\n" + _summary(outcomes), flush=True)
    sys.exit(not all(outcome.passed for outcome in outcomes))


def _environment() -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "MYPY_CACHE_DIR": str(ROOT / "build" / "mypy"),
    }


def _build() -> None:
    """Build the tarball for the gates of the collection."""
    command = ("ansible-galaxy", "collection", "build", "--force", "--output-path", str(BUILD / "built"))
    subprocess.run(command, cwd=ROOT, env=_environment(), check=True, stdout=subprocess.DEVNULL)
    newest = max((BUILD / "built").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    # A link, because galaxy-importer reads the version from the original name.
    TARBALL.unlink(missing_ok=True)
    TARBALL.symlink_to(newest)


def _run(gates: Sequence[Gate]) -> list[Outcome]:
    """Run the gates, those that take minutes first, and return the outcomes in the given order."""
    speaking = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        ordered = sorted(gates, key=lambda gate: not gate.is_long)
        running = {gate: pool.submit(_pass, gate, speaking) for gate in ordered}
    return [running[gate].result() for gate in gates]


def _pass(gate: Gate, speaking: threading.Lock) -> Outcome:
    """Run a gate. Its output is displayed at its end if it fails, so that the output of two gates is not mixed."""
    began = time.monotonic()
    done = subprocess.run(
        gate.command,
        cwd=gate.folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    outcome = Outcome(gate, time.monotonic() - began, done.returncode == 0)
    with speaking:
        print(f"== {gate.name}", flush=True)
        sys.stdout.buffer.write(b"" if outcome.passed else done.stdout)
        sys.stdout.flush()
    return outcome


def _summary(outcomes: Sequence[Outcome]) -> str:
    rows = [("gate", "version", "time", "result"), *(outcome.row() for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


if __name__ == "__main__":
    main()
