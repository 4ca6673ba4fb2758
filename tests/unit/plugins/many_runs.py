# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs for tests of openai_run_info."""

from __future__ import annotations

from typing import Any

from ansible_collections.threadworks.openai.tests.world import Done, Json, World


class Runs:
    """Runs that were started in a loop with `wait: false`, each on a thread of its own that says its name."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.do("assistant", name="A", model="m")

    def start(self, *names: str, **options: Any) -> Json:
        """What such a loop registers."""
        return {"results": [self._start(name, options) for name in names]}

    def _start(self, name: str, options: Json) -> Json:
        thread = {"messages": [{"content": name}]}
        result = self.world.do("thread_run", key=name, assistant_id="newest", thread=thread, wait=False, **options)
        return {**result.result, "item": name, "ansible_loop_var": "item"}

    def info(self, runs: Any, **options: Any) -> Done:
        return self.world.do("run_info", runs=runs, **options)

    def answers(self, *answers: Json) -> None:
        """What the model answers: one that says for which runs it is, is for no other."""
        self.world.model.script(list(answers))

    def completed(self, *names: str) -> Json:
        """What a loop registers whose runs have ended."""
        started = self.start(*names)
        assert "failed" not in self.info(started, wait=True).result
        return started


def responses(done: Done) -> list[str]:
    """Return the replies of the runs in a result."""
    return [run["response"] for run in done.result["runs"]]
