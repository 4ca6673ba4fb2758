# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and export of a store: what comes over, in which order, and what an import refuses."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadworks_runtime.transfer.merging import Policy
from threadworks_runtime.transfer.objects import Choices

from ansible_collections.threadworks.openai.tests.runtime import moving
from ansible_collections.threadworks.openai.tests.runtime.moving import Json, bring, conversation, export, lines
from ansible_collections.threadworks.openai.tests.stores import new_store

ALL = [1, 1, 2, 1, 1]


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


def test_assistants_without_threads_are_counted_once(store: str) -> None:
    data = lines([moving.assistant()])
    foretold, report, again = bring(store, data, is_dry=True), bring(store, data), bring(store, data)
    assert [each["assistants"]["new"] for each in (foretold, report, again)] == [1, 1, 0]
    assert [each["assistants"]["unchanged"] for each in (foretold, report, again)] == [0, 0, 1]
    assert foretold["new_ids"] == report["new_ids"] == {"assistants": ["asst_1"], "threads": []}


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
    first = bring(store, lines([{"object": "threadworks.export", "version": 1}, *objects]) + end_of(objects))
    assert (moving.counts(first, "new"), first["problems"]) == ([50, 100, 10_000, 100, 100], [])
    whole = export(store)
    second = bring(store_address, whole)
    assert (moving.counts(second, "new"), second["problems"]) == ([50, 100, 10_000, 100, 100], [])
    assert export(store_address) == whole
    with new_store("sqlite", request, tmp_path / "back") as back:
        assert bring(back, export(store_address))["failed"] is False
        assert export(back) == whole


def end_of(objects: list[Json]) -> bytes:
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
    data = lines([{"object": "threadworks.export", "version": 1}, *objects]) + end_of(objects)
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
    assert "has 2 messages that the source does not have" in apart["problems"][0]["message"]
    assert moving.ids(store, "thread.message") == ["msg_1", "msg_2", "msg_3"]
