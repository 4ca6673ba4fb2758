# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two servers, three workers and a PostgreSQL store, which are killed, stopped and cut off while clients ask for runs.

Each run must end once with one answer, in the order of its thread.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from chapter import Chapter, Options
from cluster.blocks import Blocks
from cluster.clients import Client
from cluster.faults import Faults
from cluster.network import Machine

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.database import Database
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import raw_client
from ansible_collections.threadworks.openai.tests.runtime.processes import Served, Worker

if TYPE_CHECKING:
    from typing_extensions import LiteralString

_CLIENTS = 16
_RUNS, _SHORT_RUNS = 2000, 48
_WORKERS, _SHORT_WORKERS = 3, 2
_LEASE = 3.0
_LONGEST = 60  # seconds, because a run can be hit more than once
# Milliseconds. When the lease has ended, others notice this after half a second, and then start the run.
_LONGEST_BLOCK = round(1000 * _LEASE) + 3000
_SLOW = {"delta_delay": 0.05, "sticky": True}


def run(options: Options) -> Chapter:
    """Ask for runs while everything fails."""
    chapter = Chapter()
    chance = options.chance()
    number = math.ceil((_SHORT_RUNS if options.short else _RUNS) / _CLIENTS)
    lease = ("--lease", str(_LEASE), "--grace", "1")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(Database(options.folder / "postgresql.log"))
        model = stack.enter_context(ModelServer())
        model.script([_SLOW])
        store = database.address()
        servers = [Served(store, model.base_url, "--no-execute", *lease) for _each in range(2)]
        machine = Machine(options.folder) if Machine.is_possible() else None
        count = _SHORT_WORKERS if options.short else _WORKERS
        workers = [Worker(store, model.base_url, *lease) for _each in range(count - 1 if machine else count)]
        if machine is None:
            chapter.skipped.append("a worker without network: needs network namespaces")
        else:
            stack.enter_context(machine)
            workers.append(Worker(database.address(machine.host), machine.model_url, *lease, prefix=machine.prefix))
        processes: list[Served | Worker] = [*servers, *workers]
        for number_of, each in enumerate(processes):
            stack.callback(_save, options.folder / f"process-{number_of}.log", each)
            stack.callback(each.kill)
            each.start()
        wait_for(lambda: all(worker.is_ready for worker in workers))
        with raw_client(servers[0]) as wire:
            assistant = wire.post("/assistants", json={"model": "scripted"}).json()["id"]
        questions = {client: [f"question {client}-{each}" for each in range(number)] for client in range(_CLIENTS)}
        urls = [server.url for server in servers]
        clients = [Client(urls, assistant, asked, f"{options.seed} {name}") for name, asked in questions.items()]
        faults = Faults(chance, _LEASE, database, servers, workers, machine)
        blocks = Blocks(database.address(), _LEASE)
        blocks.start()
        stack.callback(blocks.stop)
        for client in clients:
            client.start()
        faults.start()
        for client in clients:
            client.join()
        faults.stop()
        blocks.stop()
        _report(chapter, clients, faults, number)
        _report_blocks(chapter, blocks, is_short=options.short)
        _examine(chapter, database, clients, number)
    return chapter


def _save(file: Path, process: Served | Worker) -> None:
    file.write_text(process.log)


def _report(chapter: Chapter, clients: list[Client], faults: Faults, number: int) -> None:
    for name, count in sorted(faults.counts.items()):
        chapter.inform(name, count)
    for name, count in sorted(sum((client.counts for client in clients), Counter()).items()):
        chapter.inform(name, count)
    chapter.at_least(
        "runs that clients have seen end", sum(len(client.seconds) for client in clients), number * len(clients)
    )
    chapter.none("wrong answers", [wrong for client in clients for wrong in client.wrong])
    chapter.none("faults that could not be caused", faults.errors)
    chapter.at_most(
        "seconds that a client has waited for its run",
        math.ceil(max((seconds for client in clients for seconds in client.seconds), default=0)),
        _LONGEST,
    )


def _report_blocks(chapter: Chapter, blocks: Blocks, *, is_short: bool) -> None:
    chapter.inform("seconds without a database", round(blocks.down))
    what = f"milliseconds that a thread was blocked without a living runner (lease: {1000 * _LEASE:.0f})"
    longest = round(1000 * blocks.longest)
    if is_short:  # other tests keep the machine busy
        chapter.inform(what, longest)
    else:
        chapter.at_most(what, longest, _LONGEST_BLOCK)
    chapter.details.append(f"blocked the longest: {blocks.longest_run}")


def _examine(chapter: Chapter, database: Database, clients: list[Client], number: int) -> None:
    """Compare what is in the store with what was asked for."""
    with psycopg.connect(database.address()) as connection:

        def one(statement: LiteralString) -> int:
            row = connection.execute(statement).fetchone()
            return int(row[0] or 0) if row else 0

        wait_for(lambda: not one("SELECT count(*) FROM procrastinate_jobs"))
        statuses = Counter(row[0] for row in connection.execute("SELECT status FROM runs"))
        restarts = one("SELECT sum((private ->> 'restarts')::int) FROM runs")
        open_steps = one("SELECT count(*) FROM steps WHERE document ->> 'status' <> 'completed'")
        wrong = []
        for client in clients:
            rows = connection.execute(
                "SELECT document ->> 'role', document -> 'content' -> 0 -> 'text' ->> 'value' FROM messages "
                "WHERE thread_id = %s ORDER BY seq",
                [client.thread_id],
            ).fetchall()
            asked = [text for role, text in rows if role == "user"]
            expected = [row for text in asked for row in (("user", text), ("assistant", f"Reply to: {text}"))]
            if len(asked) != number or rows != expected:
                wrong.append(f"{client.thread_id}: {rows}")
    chapter.at_least("runs that have completed", statuses.pop("completed", 0), number * len(clients))
    chapter.none("runs that have not", [f"{count} {status}" for status, count in statuses.items()])
    chapter.none("threads with lost, doubled or misplaced messages", wrong)
    chapter.none("steps that are open", [f"{open_steps} steps"] if open_steps else [])
    chapter.inform("rounds that were restarted by another runner", restarts)
