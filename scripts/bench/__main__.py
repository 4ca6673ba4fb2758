# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the cost of tasks and runs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import by_hand
import caching
import counting
import deltas
import figures
import large
import limited
import many
import million
import page
import plays
import queued
import served
from arena import ROOT, Failed


def main() -> None:
    """Measure, print a table, and write the figures to `build/bench.json`.

    Raises:
        SystemExit: Something could not be measured.
    """
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="the number of times that each playbook is timed")
    parser.add_argument("--only", default="", help="only the figures whose names contain this text")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json", help="the file for the figures")
    parser.add_argument(
        "--write-docs", action="store_true", help="do not measure, but write docs/speed.md from the saved figures"
    )
    options = parser.parse_args()
    if options.write_docs:
        page.write(ROOT / "docs" / "speed.md", json.loads(options.output.read_text()))
        return
    machine, began, pattern = figures.machine(), time.monotonic(), f"*{options.only}*"
    found: list[figures.Figure] = []
    try:
        for part in (plays, counting, large, many, served, queued, million, limited, by_hand, deltas, caching):
            started = time.monotonic()
            found += part.measure(options.rounds, pattern)
            print(f"{part.__name__}: {time.monotonic() - started:.0f} seconds", file=sys.stderr)
    except Failed as error:
        sys.exit(str(error))
    figures.save(options.output, machine, options.rounds, found)
    print(f"{machine['cores']} cores, {machine['cpu']}, Python {machine['python']}, load {machine['load_before']}")
    print(", ".join(f"{name} {version}" for name, version in machine["libraries"].items()))
    print(figures.table([each.document() for each in found]))
    print(f"{time.monotonic() - began:.0f} seconds; the figures are in {options.output}")


if __name__ == "__main__":
    main()
