# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports of broken input: nothing, or everything but the broken thread, is imported."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from threadworks_runtime.schemas.terms import BudgetLimits
from threadworks_runtime.transfer.staging import Staging
from threadworks_runtime.wire_errors import ApiError

from ansible_collections.threadworks.openai.tests.runtime import moving
from ansible_collections.threadworks.openai.tests.runtime.moving import Json, bring, conversation, lines
from ansible_collections.threadworks.openai.tests.runtime.test_transfer import ALL, end_of, file, thread_export


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


_NOT_READABLE = {
    "a truncated line": lines(conversation())[:-20],
    "no JSON": b"hello\n",
    "a number": b"3\n",
    "a text": b'"x"\n',
    "not UTF-8": b'{"object": "thread", "id": "\xff"}\n',
    "a lone surrogate": b'{"object": "thread", "id": "thread_1", "created_at": 1, "x": "\\ud800"}\n',
    "another object": lines([{"object": "response", "id": "resp_1"}]),
    "no kind": lines([{"id": "thread_1"}]),
    "a kind of another type": lines([{"object": ["thread"], "id": "thread_1"}]),
    "a message without a thread": lines([{**moving.message(), "thread_id": None}]),
    "a thread without an id": lines([{**moving.thread(), "id": 7}]),
    "NaN": b'{"object": "thread", "id": "thread_1", "created_at": NaN}\n',
    "an infinite number": b'{"object": "thread", "id": "thread_1", "created_at": 1, "x": 1e999}\n',
    "a long number": b'{"object": "thread", "id": "thread_1", "created_at": ' + b"9" * 5000 + b"}\n",
    "deep nesting": b'{"object": "thread", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "an export that ends early": lines([{"object": "threadworks.export", "version": 1}, moving.thread()]),
    "an export that ends early before a file": lines([{"object": "threadworks.export", "version": 1}, file("b.json")]),
    "an export with lost lines": lines([{"object": "threadworks.export", "version": 1}]) + end_of([moving.thread()]),
    "a newer export": lines([{"object": "threadworks.export", "version": 2}]) + end_of([]),
    "a thread export with other objects": lines([thread_export(runs=["run"])]),
}


@pytest.mark.parametrize("data", _NOT_READABLE.values(), ids=_NOT_READABLE)
def test_nothing_is_imported_from_what_cannot_be_read(store: str, data: bytes) -> None:
    report = bring(store, lines([moving.thread("thread_good")]) + data)
    assert report["failed"]
    assert report["problems"][0]["source"]
    assert moving.exported(store) == []


_WRONG: dict[str, Json] = {
    "a time that is a text": moving.message(created_at="yesterday"),
    "a huge time": moving.message(created_at=2**70),
    "a negative time": moving.message(created_at=-1),
    "a fraction": moving.message(created_at=1.5),
    "another role": moving.message(role="system"),
    "another status": moving.message(status="lost"),
    "content that is a text": moving.message(content="Hello"),
    "content without a type": moving.message(content=[{"text": "x"}]),
    "content that is a number": moving.message(content=[3]),
    "an image without a file": moving.message(content=[{"type": "image_file", "image_file": {}}]),
    "an annotation that is a text": moving.message(
        content=[{"type": "text", "text": {"value": "x", "annotations": ["x"]}}]
    ),
    "an attachment without a file": moving.message(attachments=[{"tools": []}]),
    "metadata with a null character": moving.message(metadata={"a": "\0"}),
    "long metadata": moving.message(metadata={"a": "x" * 513}),
    "much metadata": moving.message(metadata={str(n): "x" for n in range(17)}),
    "a metadata value that is a number": moving.message(metadata={"a": 1}),
    "an id with a slash": moving.message("msg/../1"),
    "an id with a null character": moving.message("msg\0"),
    "a long id": moving.message("m" * 129),
    "an empty id": moving.message(""),
    "a run id with a null character": moving.message(run_id="run\0"),
    "a private part": moving.message(threadworks={"x": 1}),
    "a status of a run": moving.run(status="sleeping"),
    "usage that is a text": moving.run(usage="much"),
    "private items of a run": moving.run(threadworks={"items": [3]}),
    "private details of a run": moving.run(threadworks={"details": {"cost": 1}}),
    "private terms of a run": moving.run(threadworks={"terms": {"budgets": [{"name": "b"}]}}),
    "a private part that is a number": moving.run(threadworks=5),
    "a step without a run": moving.step(run_id=None),
    "a step of an unknown run": moving.step(run_id="run_unknown"),
    "a step of a run in another thread": moving.step(run_id="run_good"),
    "calls that are texts": moving.step(step_details={"type": "tool_calls", "tool_calls": ["x"]}),
    "calls in a step of a message": moving.step(
        step_details={"type": "message_creation", "message_creation": {"message_id": "m"}, "tool_calls": [3]}
    ),
    "a search that is a list": moving.step(
        step_details={"type": "tool_calls", "tool_calls": [{"id": "c", "type": "file_search", "file_search": []}]}
    ),
}
_GOOD = [
    moving.thread("thread_good"),
    moving.message("msg_good", thread_id="thread_good"),
    moving.run("run_good", thread_id="thread_good"),
]


@pytest.mark.parametrize("wrong", _WRONG.values(), ids=_WRONG)
def test_a_wrong_object_leaves_out_its_thread(store: str, wrong: Json) -> None:
    report = bring(store, lines([moving.thread(), moving.message("msg_before"), *_GOOD, wrong]))
    assert len(report["problems"]) == 1
    assert moving.ids(store, "thread") == ["thread_good"]
    assert moving.ids(store, "thread.message") == ["msg_good"]


@pytest.mark.parametrize(
    "fields",
    [
        {"model": ""},
        {"tools": [{"type": "function", "function": {"name": "no spaces"}}]},
        {"tools": "all"},
        {"tools": 5},
        {"tool_resources": {"file_search": {"vector_store_ids": [1]}}},
        {"tool_resources": []},
        {"temperature": 3},
        {"name": 5},
        {"threadworks": {"sampling": 3}},
        {"threadworks": 5, "reasoning_effort": "low"},
        {"reasoning_effort": 5},
    ],
)
def test_a_wrong_assistant_is_left_out(store: str, fields: Json) -> None:
    report = bring(store, lines([moving.assistant(**fields), moving.assistant("asst_2")]))
    assert [each["id"] for each in report["problems"]] == ["asst_1"]
    assert moving.ids(store, "assistant") == ["asst_2"]


def test_ids_that_occur_twice(store: str) -> None:
    same = bring(store, lines([*conversation(), *conversation()]))
    assert (moving.counts(same, "new"), moving.counts(same, "read"), same["failed"]) == (ALL, ALL, False)
    twice = [moving.assistant("asst_3"), moving.assistant("asst_3", name="Other"), moving.assistant("asst_4")]
    threads = [moving.thread(f"thread_{n}") for n in (3, 4, 5)]
    messages = [moving.message("msg_3", thread_id=f"thread_{n}") for n in (3, 4)]
    report = bring(store, lines([*twice, *threads, *messages]))
    assert [each["code"] for each in report["problems"]] == ["duplicate_id"] * 2
    assert moving.ids(store, "assistant") == ["asst_1", "asst_4"]
    assert moving.ids(store, "thread") == ["thread_1", "thread_5"]


def test_messages_of_an_unknown_thread(store: str) -> None:
    report = bring(store, lines([moving.message(), *_GOOD]))
    assert [(each["code"], each["id"]) for each in report["problems"]] == [("thread_missing", "thread_1")]
    assert moving.ids(store, "thread") == ["thread_good"]
    bring(store, lines([moving.thread()]))
    assert bring(store, lines([moving.message()]))["failed"] is False


def test_a_thread_cannot_have_the_name_of_a_path(store: str) -> None:
    assert bring(store, lines([moving.thread("runs")]))["failed"]


def test_a_run_with_a_large_budget_comes_over(store: str) -> None:
    budget = BudgetLimits(name="all", per="month", cost=Decimal(1_000_000)).stored("client")
    run = moving.run(threadworks={"terms": {"budgets": [budget]}})
    assert not bring(store, lines([moving.thread(), run]))["problems"]
    assert moving.exported(store)[-1]["threadworks"]["terms"] == {"budgets": [budget]}


def test_names_of_another_type(store: str) -> None:
    manifest = {"export_schema": "assistants-export-manifest/v1", "threads_failed": 5}
    report = bring(store, lines([{"object": "file", "id": "file_1", "filename": ["x"]}, manifest, moving.thread()]))
    assert not report["problems"]
    assert moving.ids(store, "thread") == ["thread_1"]


def test_long_lines_are_refused_without_being_kept(store: str) -> None:
    report = bring(store, lines([moving.thread("a" * 5000), moving.thread()]), longest_line=1000)
    assert [each["code"] for each in report["problems"]] == ["line_too_long"]
    assert report["problems"][0]["source"] == "line 1"


def test_without_space_for_temporary_data_nothing_is_imported(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Staging, "add", full)
    with pytest.raises(ApiError, match="The directory for temporary files cannot be used: database or disk is full"):
        bring(store, lines(conversation()))


def test_many_problems_are_counted(store: str) -> None:
    report = bring(store, lines([moving.thread(f"thread_{n}", created_at=None) for n in range(250)]))
    assert (len(report["problems"]), report["problems_count"]) == (100, 250)
