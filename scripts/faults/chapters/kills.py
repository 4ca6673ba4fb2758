# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill playbooks, local runtimes and served runtimes with SIGKILL at random moments.

At the end, each requested object must exist exactly once: see `kills/examine.py`.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arena import Arena, Failed
from chapter import Chapter, Options
from kills.playbooks import PlaybookKills
from kills.runtimes import RuntimeKills, ServedVictims
from stage import stage

from ansible_collections.threadworks.openai.tests.runtime.processes import Served

_ASKED = 500
_SHORT = {"playbooks": 1, "local runtimes": 1, "served runtimes": 1}
_LONG = {"playbooks": 120, "local runtimes": 260, "served runtimes": 125}
_INTERRUPTS = 6
_REPEATED = 5
_HANDS, _SHORT_HANDS = 4, 2

# Returns the counts, the lost or duplicated objects, and the errors that are not clear.
Result = tuple[Counter[str], list[str], list[str]]


def run(options: Options) -> Chapter:
    """Kill playbooks, local runtimes and served runtimes at the same time, each with a separate store."""
    chapter = Chapter()
    kills = _SHORT if options.short else _LONG
    grounds: dict[str, Callable[[Path, random.Random, int, bool], Result]] = {
        "playbooks": _playbooks,
        "local runtimes": _local,
        "served runtimes": _served,
    }
    with ThreadPoolExecutor(len(grounds)) as pool:
        futures = {
            name: pool.submit(
                ground, options.folder / name, random.Random(f"{options.seed} {name}"), kills[name], options.short
            )
            for name, ground in grounds.items()
        }
        results = {name: future.result() for name, future in futures.items()}
    total: Counter[str] = Counter()
    for name, (counts, _wrong, _unclear) in results.items():
        chapter.inform(f"kills: {name}", counts["kills"])
        total += counts
    asked = sum(kills.values())
    chapter.at_least("kills", total["kills"], asked if options.short else _ASKED)
    chapter.at_least("kills while a run was active", total["kills while a run was active"], total["kills"] // 2)
    chapter.inform("runs that were asked for", total["runs asked for"])
    chapter.inform("runs that died with their runner", total["runs failed"])
    wrong = [each for _counts, found, _unclear in results.values() for each in found]
    lost = [each for each in wrong if each.startswith("0 ")]
    doubled = [each for each in wrong if re.match("[1-9]", each)]
    chapter.none("lost", lost)
    chapter.none("doubled", doubled)
    chapter.none("otherwise wrong", [each for each in wrong if each not in (*lost, *doubled)])
    chapter.none(
        "errors that are not clear", [each for _counts, _wrong, unclear in results.values() for each in unclear]
    )
    return chapter


def _playbooks(folder: Path, chance: random.Random, kills: int, short: bool) -> Result:
    with Arena(OPENAI_RUNTIME_IDLE_TIMEOUT="4") as arena:
        ground = PlaybookKills(arena, chance, short)
        try:
            for _each in range(0 if short else _INTERRUPTS):
                ground.cycle(interrupt=True)
            while ground.killed < kills or ground.hits * 2 < kills:
                ground.cycle()
            wrong = ground.repeat(1 if short else _REPEATED) + ground.examine()
        except Failed as error:
            wrong = [str(error), *ground.examine()]
        folder.mkdir()
        for file in (*arena.folder.glob("runtime.db*"), *arena.folder.glob("*.log")):
            shutil.copy(file, folder)
    counts = ground.counts
    counts["kills"] = ground.killed
    return counts, wrong, ground.unclear


def _local(folder: Path, chance: random.Random, kills: int, short: bool) -> Result:
    hands = _SHORT_HANDS if short else _HANDS
    with stage(folder) as here:
        ground = RuntimeKills(here, chance, short)
        options = {
            "base_url": here.model.base_url,
            "api_key": "unused",
            "runtime_store": str(here.playbook.store),
            "runtime_idle_timeout": 20.0,
        }
        return ground.result(lambda: ground.run(kills, hands, options, here.runtimes.pids, lambda: None))


def _served(folder: Path, chance: random.Random, kills: int, short: bool) -> Result:
    hands = _SHORT_HANDS if short else _HANDS
    with stage(folder) as here, Served(str(here.playbook.store), here.model.base_url, "--workers", "2") as served:
        ground, victims = RuntimeKills(here, chance, short), ServedVictims(served, chance)
        options = {"runtime_url": served.url}
        return ground.result(lambda: ground.run(kills, hands, options, victims, victims.again))
