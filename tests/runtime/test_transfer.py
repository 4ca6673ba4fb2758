# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and export of a store: what comes over, in which order, and what an import refuses."""

from __future__ import annotations

import itertools
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadworks_runtime.transfer.merging import Policy
from threadworks_runtime.transfer.objects import Choices
from threadworks_runtime.transfer.staging import Staging
from threadworks_runtime.wire_errors import ApiError

from ansible_collections.threadworks.openai.tests.runtime import moving
from ansible_collections.threadworks.openai.tests.runtime.moving import Json, bring, conversation, export, lines
from ansible_collections.threadworks.openai.tests.stores import new_store

ALL, NONE = [1, 1, 2, 1, 1], [0] * 5


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


def _problems(report: Json) -> list[tuple[str, str]]:
    return [(each["code"], each["id"]) for each in report["problems"]]


# ---- What comes over ----


@pytest.mark.stores("sqlite", "postgresql")
def test_objects_come_over_once(store_address: str) -> None:
    data = lines(conversation())
    foretold = bring(store_address, data, is_dry=True)
    assert (moving.counts(foretold, "new"), foretold["changed"], foretold["dry_run"]) == (ALL, True, True)
    assert moving.exported(store_address) == []
    report = bring(store_address, data)
    assert (moving.counts(report, "new"), report["changed"], report["failed"]) == (ALL, True, False)
    assert report["new_ids"] == {"assistants": ["asst_1"], "threads": ["thread_1"]}
    again = bring(store_address, data)
    assert (moving.counts(again, "unchanged"), again["changed"], again["failed"]) == (ALL, False, False)


def test_fields_are_kept_and_completed(store: str) -> None:
    given = [{**each, "further": {"b": 1, "a": [None]}} for each in conversation()]
    bring(store, lines(given))
    for before, after in zip(given, moving.exported(store), strict=True):
        changed = {name for name in before if before[name] != after[name]}
        assert changed == ({"instructions"} if before["object"] == "thread.run" else set())
        assert list(after)[: len(before)] == list(before)
    run = next(each for each in moving.exported(store) if each["object"] == "thread.run")
    assert run["instructions"] == ""
    assert moving.exported(store)[0]["threadworks"] == {"reasoning_effort": None, "sampling": ["top_p"]}


@pytest.mark.stores("sqlite", "postgresql")
def test_ten_thousand_messages_move_unchanged(
    store_address: str, store: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """From SQLite to the other store and back."""
    objects: list[Json] = [moving.assistant(f"asst_{n}", name=f"A{n}") for n in range(50)]
    for number in range(100):
        of = {"thread_id": f"thread_{number}"}
        objects.append(moving.thread(f"thread_{number}", created_at=number, metadata={"ansible_key": f"k{number}"}))
        texts = [f"ü {number} {part} \0 \u2028" for part in range(100)]
        objects += [moving.message(f"msg_{number}_{n}", text, **of) for n, text in enumerate(texts)]
        objects += [moving.run(f"run_{number}", **of), moving.step(f"step_{number}", run_id=f"run_{number}", **of)]
    first = bring(store, lines([{"object": "threadworks.export", "version": 1}, *objects]) + _end(objects))
    assert (moving.counts(first, "new"), first["problems"]) == ([50, 100, 10_000, 100, 100], [])
    whole = export(store)
    second = bring(store_address, whole)
    assert (moving.counts(second, "new"), second["problems"]) == ([50, 100, 10_000, 100, 100], [])
    assert export(store_address) == whole
    with new_store("sqlite", request, tmp_path / "back") as back:
        assert bring(back, export(store_address))["failed"] is False
        assert export(back) == whole


def _end(objects: list[Json]) -> bytes:
    kinds = ("assistant", "thread", "thread.message", "thread.run", "thread.run.step")
    counts = {kind: sum(each["object"] == kind for each in objects) for kind in kinds}
    return lines([{"object": "threadworks.export.end", **counts}])


def test_a_thread_is_exported_alone(store: str) -> None:
    bring(store, lines([*conversation(), moving.thread("thread_2")]))
    alone = [json.loads(line) for line in export(store, "thread_2").splitlines()]
    assert [each["object"] for each in alone] == ["threadworks.export", "thread", "threadworks.export.end"]


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(_TEXT, inside, max_size=3),
    max_leaves=6,
)
_METADATA = st.dictionaries(
    _TEXT.filter(lambda key: "\0" not in key), _TEXT.filter(lambda v: "\0" not in v), max_size=3
)
_TIME = st.integers(0, 5) | st.integers(0, 253_402_300_799)


@st.composite
def _stores(draw: st.DrawFn) -> list[Json]:
    """The objects of a store in any order of times."""
    objects: list[Json] = []
    for number in range(draw(st.integers(0, 2))):
        further = draw(st.dictionaries(st.sampled_from(["x", "y"]), _JSON))
        objects.append(moving.assistant(f"asst_{number}", created_at=draw(_TIME), metadata=draw(_METADATA), **further))
    for number in range(draw(st.integers(0, 3))):
        of = {"thread_id": f"thread_{number}"}
        objects.append(moving.thread(f"thread_{number}", created_at=draw(_TIME), metadata=draw(_METADATA)))
        for part in range(draw(st.integers(0, 4))):
            fields = {"created_at": draw(_TIME), "metadata": draw(_METADATA), **of}
            objects.append(moving.message(f"msg_{number}_{part}", draw(_TEXT), **fields))
        for part in range(draw(st.integers(0, 2))):
            id = f"run_{number}_{part}"
            objects.append(moving.run(id, created_at=draw(_TIME), further=draw(_JSON), **of))
            objects += [moving.step(f"step_{id}_{n}", run_id=id, **of) for n in range(draw(st.integers(0, 2)))]
    return objects


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects=_stores())
def test_any_store_moves_unchanged(objects: list[Json], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("stores")
    first, second = str(folder / "first.db"), str(folder / "second.db")
    data = lines([{"object": "threadworks.export", "version": 1}, *objects]) + _end(objects)
    report = bring(first, data)
    assert report["problems"] == []
    assert [each["id"] for each in moving.exported(first)] == [each["id"] for each in objects]
    assert bring(second, export(first))["problems"] == []
    assert export(second) == export(first)
    assert bring(second, data)["changed"] is False


# ---- The order ----


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[::2])
def test_objects_can_be_in_any_file(store: str, order: tuple[int, ...]) -> None:
    texts = [moving.message(f"msg_{n}", created_at=10 + n) for n in range(3)]
    others = [each for each in conversation() if each["object"] != "thread.message"]
    parts = [lines([file(f"m{n}.json"), each]) for n, each in enumerate(texts)]
    bring(store, b"".join(parts[n] for n in order) + lines([file("rest.jsonl"), *others[::-1]]))
    assert moving.ids(store, "thread.message") == ["msg_0", "msg_1", "msg_2"]


def file(name: str) -> Json:
    return {"object": "threadworks.file", "name": name}


def page(*data: Json) -> Json:
    return {"object": "list", "data": list(data), "first_id": "x", "last_id": "y", "has_more": False}


def test_pages_can_be_in_both_orders(store: str) -> None:
    """Also objects of the same second, if another page shows the order."""
    first = [moving.message(f"msg_{n}", created_at=5) for n in range(3)]
    second = [moving.message(f"msg_{n}", created_at=3 + n) for n in range(3, 6)]
    bring(store, lines([moving.thread(), page(*first), page(*second)]))
    assert moving.ids(store, "thread.message") == [f"msg_{n}" for n in range(6)]

    def copies(part: list[Json]) -> list[Json]:
        return [{**each, "id": f"{each['id']}_b", "thread_id": "thread_2"} for each in part[::-1]]

    bring(store, lines([moving.thread("thread_2"), page(*copies(second)), page(*copies(first))]))
    assert moving.ids(store, "thread.message")[6:] == [f"msg_{n}_b" for n in range(6)]


def test_a_page_without_times_is_newest_first(store: str) -> None:
    report = bring(store, lines([moving.thread(), page(moving.message("msg_2"), moving.message("msg_1"))]))
    assert moving.ids(store, "thread.message") == ["msg_1", "msg_2"]
    assert report["pages_of_unknown_order"] == 1


def test_lists_of_threads_are_ordered(store: str) -> None:
    threads = [moving.thread(f"thread_{n}", created_at=n) for n in range(4)]
    bring(store, lines([page(*threads[2:][::-1]), page(*threads[:2][::-1])]))
    assert moving.ids(store, "thread") == [f"thread_{n}" for n in range(4)]


# ---- The format assistants-thread-export/v1 ----


def thread_export(**fields: Any) -> Json:
    image = {"type": "image_file", "image_file": {"file_id": "file-1"}}
    runs = [{**moving.run(), "steps": [moving.step()]}]
    messages = [moving.message(), moving.message("msg_2", content=[image], attachments=[{"file_id": "file-2"}])]
    return {
        "export_schema": "assistants-thread-export/v1",
        "thread_id": "thread_1",
        "exported_at": "2026-08-20T10:00:00+00:00",
        "thread": moving.thread(),
        "messages": messages,
        "runs": runs,
        "files": {"file-1": {"id": "file-1", "object": "file", "filename": "plot.png", "bytes": 3}},
        "errors": [{"object": "file", "id": "file-2", "error": "not_found_or_expired", "detail": "Not found"}],
        **fields,
    }


MANIFEST = {"export_schema": "assistants-export-manifest/v1", "threads_failed": ["thread_9"]}


def test_the_format_of_the_exporter(store: str) -> None:
    gone = thread_export(thread_id="thread_9", thread=None, messages=[], runs=[], files={})
    data = lines([[moving.assistant()], MANIFEST, file("threads/thread_1.json"), thread_export(), gone])
    report = bring(store, data)
    assert (moving.counts(report, "new"), report["problems"]) == (ALL, [])
    assert {(each["id"], each["name"]) for each in report["files"]} == {
        ("file-1", "plot.png"),
        ("file-2", None),
        ("vs_1", None),
    }
    assert [each["id"] for each in report["missing"]] == ["thread_9", "file-2", "file-2"]
    assert bring(store, data)["changed"] is False


def test_a_thread_with_other_lists_is_left_out(store: str) -> None:
    report = bring(store, lines([moving.thread("thread_2"), thread_export(messages={"a": 1})]))
    assert [each["thread_id"] for each in report["problems"]] == ["thread_1"]
    assert moving.ids(store, "thread") == ["thread_2"]


def test_files_that_are_gone_become_text(store: str) -> None:
    report = bring(store, lines([moving.assistant(), thread_export()]), choices=Choices(files="text"))
    (found,) = [each for each in moving.exported(store) if each["id"] == "msg_2"]
    values = [part["text"]["value"] for part in found["content"]]
    assert values == ['[image file {"file_id": "file-1"}]', '[attached file {"file_id": "file-2"}]']
    assert found["attachments"] == []
    assert moving.exported(store)[0]["tool_resources"] == {}
    assert {each["id"] for each in report["notes"]} == {"asst_1", "msg_2"}


# ---- What is changed ----


def test_active_runs_are_ended(store: str) -> None:
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": []}}
    waiting = moving.run(status="requires_action", required_action=action, completed_at=None, usage=None)
    begun = moving.message("msg_2", status="in_progress", run_id="run_1", role="assistant")
    data = lines([moving.thread(), begun, waiting, moving.step(status="in_progress", completed_at=None)])
    report = bring(store, data)
    found = {each["object"]: each for each in moving.exported(store)}
    assert (found["thread.run"]["status"], found["thread.run"]["required_action"]) == ("expired", None)
    assert found["thread.run.step"]["status"] == "expired"
    assert found["thread.message"]["incomplete_details"] == {"reason": "run_expired"}
    assert [each["id"] for each in report["notes"]] == ["msg_2", "run_1"]
    assert bring(store, data)["changed"] is False


_STRANGE = {"type": "audio", "audio": {"id": "a\0"}}


def test_unknown_content_is_an_error_or_text(store: str) -> None:
    tool = {"type": "bing_grounding", "bing_grounding": {"connections": []}}
    agent = moving.assistant(tools=[tool, {"type": "code_interpreter"}], tool_resources={"azure_ai_search": {"x": 1}})
    data = lines([agent, moving.thread(), moving.message(content=[_STRANGE]), moving.thread("thread_2")])
    refused = bring(store, data)
    assert _problems(refused) == [("unknown_type", "asst_1"), ("unknown_type", "msg_1")]
    assert moving.ids(store, "thread") == ["thread_2"]
    report = bring(store, data, choices=Choices(unknown="convert"))
    assert report["problems"] == []
    assert [each["id"] for each in report["notes"]] == ["asst_1", "asst_1", "msg_1"]
    found = moving.exported(store)
    assert found[0]["tools"] == [{"type": "code_interpreter"}]
    (text,) = next(each for each in found if each["id"] == "msg_1")["content"]
    assert json.loads(text["text"]["value"]) == _STRANGE


# ---- What differs from the store ----


def test_an_object_with_other_content_is_a_conflict(store: str) -> None:
    bring(store, lines(conversation()))
    other = [{**each, "metadata": {"new": "pair"}} for each in conversation()]
    data = lines([*other, moving.thread("thread_2")])
    report = bring(store, data)
    assert _problems(report) == [("conflict", "asst_1"), ("conflict", "thread_1")]
    assert "other values of metadata" in report["problems"][0]["message"]
    assert moving.counts(report, "new") == [0, 1, 0, 0, 0]
    kept = bring(store, data, policy=Policy.KEEP)
    assert (moving.counts(kept, "kept"), kept["changed"]) == (ALL, False)
    foretold = bring(store, data, policy=Policy.REPLACE, is_dry=True)
    replaced = bring(store, data, policy=Policy.REPLACE)
    assert moving.counts(foretold, "replaced") == moving.counts(replaced, "replaced") == ALL
    assert all(each["metadata"] == {"new": "pair"} for each in moving.exported(store) if each["id"] != "thread_2")
    assert bring(store, data)["changed"] is False


def test_a_conflict_leaves_out_its_whole_thread(store: str) -> None:
    bring(store, lines([moving.thread(), moving.message("msg_2")]))
    before = export(store)
    new = [moving.thread("thread_3"), moving.message("msg_3", thread_id="thread_3")]
    in_other = moving.message("msg_2", thread_id="thread_3")
    report = bring(store, lines([*new, in_other]))
    assert _problems(report) == [("conflict", "msg_2")]
    assert export(store) == before


def test_a_thread_is_continued_but_not_mixed(store: str) -> None:
    first, second, third = (moving.message(f"msg_{n}", created_at=n) for n in range(1, 4))
    bring(store, lines([moving.thread(), first, second]))
    assert bring(store, lines([moving.thread(), first, second, third]))["failed"] is False
    assert moving.ids(store, "thread.message") == ["msg_1", "msg_2", "msg_3"]
    between = moving.message("msg_between", created_at=2)
    mixed = bring(store, lines([moving.thread(), first, between, second, third]))
    assert "before 'msg_2'" in mixed["problems"][0]["message"]
    apart = bring(store, lines([moving.thread(), first, moving.message("msg_other", created_at=9)]))
    assert "has 2 messages that the source lacks" in apart["problems"][0]["message"]
    assert moving.ids(store, "thread.message") == ["msg_1", "msg_2", "msg_3"]


# ---- Broken input ----

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
    "an export with lost lines": lines([{"object": "threadworks.export", "version": 1}]) + _end([moving.thread()]),
    "a newer export": lines([{"object": "threadworks.export", "version": 2}]) + _end([]),
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
    "a step without a run": moving.step(run_id=None),
    "a step of an unknown run": moving.step(run_id="run_unknown"),
    "a step of a run in another thread": moving.step(run_id="run_good"),
    "calls that are texts": moving.step(step_details={"type": "tool_calls", "tool_calls": ["x"]}),
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
        {"tool_resources": {"file_search": {"vector_store_ids": [1]}}},
        {"tool_resources": []},
        {"temperature": 3},
        {"name": 5},
        {"threadworks": {"sampling": 3}},
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
    assert _problems(report) == [("thread_missing", "thread_1")]
    assert moving.ids(store, "thread") == ["thread_good"]
    bring(store, lines([moving.thread()]))
    assert bring(store, lines([moving.message()]))["failed"] is False


def test_a_thread_cannot_have_the_name_of_a_path(store: str) -> None:
    assert bring(store, lines([moving.thread("runs")]))["failed"]


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
