# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attack the collection and its runtime, and count the failures."""

from __future__ import annotations

import argparse
import importlib
import random
import shutil
import sys
import time
import traceback
from pathlib import Path

import paths
from chapter import Chapter, Options, table

CHAPTERS = (
    "model",
    "tools",
    "secrets",
    "injections",
    "kills",
    "writers",
    "disks",
    "versions",
    "clock",
    "doors",
    "cluster",
)

_SHOWN = 30  # details of each chapter


def main() -> None:
    """Run the chapters and print their figures.

    Raises:
        SystemExit: A figure does not meet its requirement.
    """
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--only", choices=CHAPTERS, action="append", metavar="CHAPTER", help=", ".join(CHAPTERS))
    parser.add_argument("--short", action="store_true", help="the short form, as the tests run it")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the seed of all random choices")
    parser.add_argument(
        "--output", type=Path, default=paths.ROOT / "build" / "faults", help="the directory for all files"
    )
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chapters = {}
    for name in options.only or CHAPTERS:
        folder = options.output.resolve() / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        began = time.monotonic()
        chapters[name] = _run(name, Options(folder, options.short, options.seed))
        (folder / "details.txt").write_text("\n".join([*chapters[name].details, ""]), errors="backslashreplace")
        print(f"{name}: {time.monotonic() - began:.0f} seconds", flush=True)
    figures = table(chapters)
    (options.output / "figures.txt").write_text(f"{figures}\n")
    print(figures)
    wrong = {name: chapter for name, chapter in chapters.items() if not chapter.passed}
    if wrong:
        lines = [f"{name}: {detail}" for name, chapter in wrong.items() for detail in chapter.details[:_SHOWN]]
        shown = "\n".join(["WRONG:", *lines, f"All details are in {options.output}/*/details.txt."])
        sys.exit(shown.encode(errors="backslashreplace").decode())


def _run(name: str, options: Options) -> Chapter:
    try:
        found: Chapter = importlib.import_module(f"chapters.{name}").run(options)
        return found
    except Exception:  # noqa: BLE001 - the other chapters still count
        chapter = Chapter()
        chapter.none("chapters that were interrupted", [traceback.format_exc()])
        return chapter


if __name__ == "__main__":
    main()
