# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the store when all playbooks have ended. Each object must exist exactly once."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

_QUESTION = re.compile(r"Question \w+ [\w-]+\.")
ACTIVE = ("queued", "in_progress", "requires_action", "cancelling")
_RUNS = "abcde"
_DEAD = "The runner of this run died before the run ended."

Json = dict[str, Any]


def active_runs(store: Path) -> set[str]:
    """Return the ids of the active runs."""
    if not store.exists():
        return set()
    with contextlib.suppress(sqlite3.OperationalError):  # the tables are being created
        marks = ", ".join("?" * len(ACTIVE))
        return {row[0] for row in _rows(store, f"SELECT id FROM runs WHERE status IN ({marks})", *ACTIVE)}
    return set()


def runners(store: Path) -> dict[str, int]:
    """Return the processes that execute runs, by the runs' ids; including processes that have died."""
    if not store.exists():
        return {}
    with contextlib.suppress(sqlite3.OperationalError):  # the tables are being created
        query = "SELECT id, lease_owner FROM runs WHERE lease_owner IS NOT NULL"
        # The owner of a lease consists of the host, the process and more.
        return {row[0]: int(row[1].split("|")[1]) for row in _rows(store, query)}
    return {}


def question(body: Json) -> str:
    """Return the question that a request asks the model server."""
    return str(_QUESTION.findall(str(body["input"]))[-1])


def examine(store: Path, cycles: list[str], asked: Counter[str]) -> tuple[Counter[str], list[str]]:
    """Compare a store with the requests of the playbooks.

    Args:
        store: The store.
        cycles: The rounds whose playbook has completed.
        asked: The number of requests to the model server for each question.

    Returns:
        Counts, and descriptions of all failures.
    """
    wrong = [str(row[0]) for row in _rows(store, "PRAGMA integrity_check") if row[0] != "ok"]
    counts: Counter[str] = Counter()
    assistants, threads, messages, runs = (
        [json.loads(row[0]) for row in _rows(store, f"SELECT document FROM {table} ORDER BY seq")]
        for table in ("assistants", "threads", "messages", "runs")
    )
    wrong += _each_once(["kills"], Counter(each["name"] for each in assistants), "assistants named")
    names = [f"{cycle}-{name}" for cycle in cycles for name in ("thread", "a", "b", "e")]
    wrong += _each_once(names, Counter(_key(each) for each in threads), "threads with key")
    names = [f"{cycle}-{name}" for cycle in cycles for name in _RUNS]
    wrong += _each_once(
        names, Counter(_key(run) for run in runs if run["status"] == "completed"), "completed runs with key"
    )
    names = [f"Question {name} {cycle}." for cycle in cycles for name in ("start", "message", *_RUNS) if name != "c"]
    wrong += _each_once(
        names, Counter(_text(each) for each in messages if each["role"] == "user"), "user messages with the text"
    )
    wrong += _replies(messages, runs)
    counts["runs asked for"] = len(cycles) * len(_RUNS)
    for run in runs:
        counts[f"runs {run['status']}"] += 1
        if run["status"] == "failed" and run["last_error"]["message"] != _DEAD:
            wrong.append(f"run {run['id']} ({_key(run)}) failed for another reason: {run['last_error']}")
        elif run["status"] not in ("completed", "failed"):
            wrong.append(f"run {run['id']} ({_key(run)}) is {run['status']}")
    leased = _rows(store, "SELECT id FROM runs WHERE lease_owner IS NOT NULL")
    wrong += [f"run {row[0]} is still held by a runner" for row in leased]
    counts["messages, user"] = sum(each["role"] == "user" for each in messages)
    counts["messages, replies"] = sum(each["role"] == "assistant" for each in messages)
    counts["messages, replies cut off"] = sum(each["status"] == "incomplete" for each in messages)
    counts["requests to the model server"] = asked.total()
    if not counts["runs completed"] <= asked.total() <= len(runs):
        wrong.append(f"the model server was asked {asked.total()} times for {len(runs)} runs")
    return counts, wrong


def _replies(messages: list[Json], runs: list[Json]) -> list[str]:
    """Check that each completed run has one complete reply to its own question, and each dead run none."""
    replies: dict[str, list[Json]] = {run["id"]: [] for run in runs}
    wrong = []
    for message in messages:
        if message["role"] == "assistant":
            if message["run_id"] not in replies:
                wrong.append(f"message {message['id']} is of run {message['run_id']}, which does not exist")
            elif message["status"] == "completed":
                replies[message["run_id"]].append(message)
            elif message["status"] != "incomplete":
                wrong.append(f"message {message['id']} is {message['status']}")
    for run in runs:
        expected, found = int(run["status"] == "completed"), replies[run["id"]]
        if len(found) != expected:
            wrong.append(f"run {run['id']} ({_key(run)}, {run['status']}) has {len(found)} whole replies")
        for reply in found:
            cycle, _dash, name = str(_key(run)).rpartition("-")
            question = f"Question {'start' if name == 'c' else name} {cycle}."
            if _text(reply) != f"Reply to: {question}":
                wrong.append(f"run {run['id']} ({_key(run)}) replied {_text(reply)!r}")
    return wrong


def _each_once(expected: list[str], found: Counter[Any], what: str) -> list[str]:
    names = [*expected, *(name for name in found if name not in set(expected))]
    return [f"{found[name]} {what} {name!r}" for name in names if found[name] != int(name in set(expected))]


def _key(document: Json) -> str | None:
    return (document["metadata"] or {}).get("ansible_key")


def _text(message: Json) -> str:
    return "".join(part["text"]["value"] for part in message["content"] if part["type"] == "text")


def _rows(store: Path, query: str, *values: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(query, values).fetchall()
