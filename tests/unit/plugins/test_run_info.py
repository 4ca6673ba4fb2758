# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What openai_run_info returns: which runs it is asked for, how they ended, and how many requests that takes."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _wait
from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY
from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.unit.plugins.many_runs import Runs, responses
from ansible_collections.threadworks.openai.tests.world import App, Json, World

RUN, RUNS, MESSAGES = "GET /threads/*/runs/*", "GET /threads/*/runs", "GET /threads/*/messages"
FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}
FORMAT: Json = {"type": "json_schema", "json_schema": {"name": "cause", "schema": {"type": "object"}}}
_SAID = "The model server answered with an error: "
ONE: Json = {"runs": "thread_x:run_x"}


@pytest.fixture
def runs(world: World) -> Runs:
    return Runs(world)


def _terms(started: Json) -> list[str]:
    return [f"{each['thread_id']}:{each['run_id']}" for each in started["results"]]


def test_a_loop_and_then_one_task_that_waits_for_all(runs: Runs) -> None:
    runs.answers({"match": "two", "hold": True})
    started = runs.start("one", "two", "three")
    runs.world.release_after(4)
    done = runs.info(started, wait=True)
    assert responses(done) == ["Reply to: one", "Reply to: two", "Reply to: three"]
    assert [run["item"] for run in done.result["runs"]] == ["one", "two", "three"]
    assert done.result["statuses"] == {"completed": 3}
    assert (done.result["changed"], done.result["failed_runs"], done.sent) == (False, [], [])


def test_each_run_is_as_openai_run_returns_it(runs: Runs) -> None:
    started = runs.completed("one")["results"][0]
    same = runs.world.do("run", thread_id=started["thread_id"], run_id=started["run_id"], steps=True).result
    told = runs.info(started, steps=True).result["runs"][0]
    assert told == {name: value for name, value in same.items() if name not in ("changed", "diff")} | {"item": "one"}


def test_a_run_costs_one_request_and_one_for_its_messages(runs: Runs) -> None:
    started = runs.completed("one", "two", "three")
    for options in ({}, {"wait": True}, {"check": True}):
        read = runs.info(started, **options).read
        assert sorted(read) == [MESSAGES] * 3 + [RUN] * 3


def test_only_the_first_unfinished_run_is_polled(runs: Runs) -> None:
    runs.answers({"match": "one", "hold": True})
    others = runs.start(*(str(n) for n in range(9)))
    first = runs.start("one")
    wait_for(lambda: all(run["status"] == "completed" for run in runs.info(others).result["runs"]))
    polls: Counter[str] = Counter()

    def counted(app: App) -> App:
        async def call(scope: Json, receive: Any, send: Any) -> None:
            polls.update(re.findall(r"/runs/(run_\w+)$", scope.get("path", "")))
            await app(scope, receive, send)

        return call

    runs.world.put_before(counted)
    runs.world.release_after(13)
    done = runs.info([first, others], wait=True)
    assert done.result["statuses"] == {"completed": 10}
    assert polls.pop(first["results"][0]["run_id"]) >= 4
    assert sorted(polls.values()) == [1] * 9
    assert done.read.count(MESSAGES) == 10


@pytest.mark.parametrize("form", ["terms", "text", "results", "loop", "hosts", "wire", "info", "ids", "one"])
def test_forms_of_runs(runs: Runs, form: str) -> None:
    started = runs.completed("one", "two")
    results = started["results"]
    forms: dict[str, Any] = {
        "terms": _terms(started),
        "text": ", ".join(_terms(started)),
        "results": results,
        "loop": started,
        "hosts": [{"results": results[:1]}, {"results": results[1:]}],
        "wire": [each["run"] for each in results],
        "info": runs.info(started).result["runs"],
        "ids": [{"run_id": each["run_id"], "thread_id": each["thread_id"]} for each in results],
    }
    if form == "one":
        assert responses(runs.info(results[1])) == ["Reply to: two"]
        assert responses(runs.info([results[1]["run_id"]], thread_id=results[1]["thread_id"])) == ["Reply to: two"]
    else:
        done = runs.info(forms[form])
        assert responses(done) == ["Reply to: one", "Reply to: two"]
        assert ("item" in done.result["runs"][0]) == (form in ("results", "loop", "hosts", "info"))


def test_the_order_is_the_one_asked_and_a_run_that_is_named_twice_is_asked_for_once(runs: Runs) -> None:
    one, two = _terms(runs.completed("one", "two"))
    done = runs.info([two, one, two])
    assert responses(done) == ["Reply to: two", "Reply to: one", "Reply to: two"]
    assert sorted(done.read) == [MESSAGES] * 2 + [RUN] * 2


def test_another_name_of_the_loop_variable(runs: Runs) -> None:
    result = runs.completed("one")["results"][0]
    renamed = {**result, "ansible_loop_var": "ticket", "ticket": {"id": 4711}}
    assert runs.info(renamed).result["runs"][0]["item"] == {"id": 4711}


def test_results_without_a_run_are_left_out(runs: Runs) -> None:
    started = runs.completed("one", "two")
    skipped = {"skipped": True, "changed": False, "item": "x"}
    failed = {"failed": True, "msg": "No thread found.", "item": "y"}
    nothing_to_cancel = {"run": None, "run_id": None, "thread_id": "thread_x", "status": None}
    one, two = started["results"]
    done = runs.info({"results": [skipped, one, failed, nothing_to_cancel, two]}, wait=True)
    assert responses(done) == ["Reply to: one", "Reply to: two"]
    assert runs.world.warnings == [
        "runs.results[2] is ignored, because its task failed before it created a run (No thread found.)."
    ]
    assert runs.info([]).result["runs"] == []
    assert runs.info({"results": [], "skipped": True}).result["runs"] == []


def test_which_runs_failed_and_why(runs: Runs) -> None:
    runs.answers(
        {"match": "two", "failed": {"code": "server_error", "message": "out of order"}},
        {"match": "three", "incomplete": "max_output_tokens", "text": "Well"},
        {"match": "one", "hold": True},
    )
    started = runs.start("one", "two", "three", "four")
    runs.world.release_after(2)
    _one, two, three, _four = started["results"]
    done = runs.info(started, wait=True)
    assert done.result["failed"]
    assert done.result["msg"] == (
        f"2 of 4 runs failed. {two['run_id']} on {two['thread_id']} ended as failed: {_SAID}out of order. "
        f"{three['run_id']} on {three['thread_id']} ended as incomplete: the model server limits "
        "the length of an answer. Increase its limit, or ask for a shorter answer."
    )
    assert [run["status"] for run in done.result["runs"]] == ["completed", "failed", "incomplete", "completed"]
    assert responses(done)[2:] == ["Well", "Reply to: four"]
    assert done.result["statuses"] == {"completed": 2, "failed": 1, "incomplete": 1}
    assert done.result["failed_runs"][0] == {
        "run_id": two["run_id"],
        "thread_id": two["thread_id"],
        "status": "failed",
        "item": "two",
        "reason": f"ended as failed: {_SAID}out of order.",
    }
    # Without waiting nothing fails, unless the task says so.
    for options in ({}, {"wait": True, "fail_on": []}, {"wait": True, "fail_on": ["expired"]}):
        read = runs.info(started, **options).result
        assert "failed" not in read
        assert read["failed_runs"] == done.result["failed_runs"]
    assert "1 of 4 runs failed" in runs.info(started, fail_on=["incomplete"]).result["msg"]


def test_many_failures_are_not_all_in_the_message(runs: Runs) -> None:
    runs.answers({"failed": {"code": "server_error", "message": "out of order"}, "sticky": True})
    result = runs.info(runs.start(*(f"n{n}" for n in range(12))), wait=True).result
    assert result["msg"].startswith("12 of 12 runs failed. ")
    assert result["msg"].count("out of order") == 10
    assert result["msg"].endswith(" and 2 more")
    assert len(result["failed_runs"]) == 12


def test_a_run_that_waits_for_tool_outputs_is_not_waited_for(runs: Runs) -> None:
    runs.answers({"match": "one", "calls": [{"name": "disk", "arguments": {}}]})
    started = runs.start("one", "two", tools=[FUNCTION])
    result = runs.info(started, wait=True).result
    assert "failed" not in result
    assert result["statuses"] == {"requires_action": 1, "completed": 1}
    call = result["runs"][0]["required_action"]["submit_tool_outputs"]["tool_calls"][0]
    assert (call["function"]["name"], call["function"]["arguments"]) == ("disk", {})
    assert result["failed_runs"] == []
    (line,) = runs.world.warnings
    assert line == (
        f"Run {started['results'][0]['run_id']} waits for the outputs of tool calls (disk), and can only reply after "
        "that. Use the role threadworks.openai.run to answer tool calls with task files, or submit the outputs with "
        "openai_run, run_id and tool_outputs."
    )
    runs.world.warnings.clear()
    runs.info(started)
    result = runs.info(started, wait=True, fail_on=["requires_action"]).result
    assert runs.world.warnings == []
    assert "it waits for the outputs of its tool calls" in result["msg"]
    assert [each["status"] for each in result["failed_runs"]] == ["requires_action"]


@pytest.mark.parametrize("reply", ["Well, ", '{"cause": 1e999}', "[" * 10_000])
def test_a_reply_that_is_not_the_json_asked_for_fails_that_run_alone(runs: Runs, reply: str) -> None:
    runs.answers({"match": "one", "text": reply}, {"match": "two", "text": '{"cause": "optics"}'})
    started = runs.start("one", "two", response_format=FORMAT)
    runs.info(started, wait=True, fail_on=[])
    # The runtime lets such a run fail by itself. Another server may not.
    runs.world.change("UPDATE runs SET document = replace(document, '\"failed\"', '\"completed\"')")
    result = runs.info(started, wait=True).result
    assert "1 of 2 runs failed. " in result["msg"]
    assert "is not JSON, although response_format requires json_schema: " in result["msg"]
    assert f"It begins with '{reply[:100]}'." in result["msg"]
    assert [run["output"] for run in result["runs"]] == [None, {"cause": "optics"}]
    assert result["statuses"] == {"completed": 2}
    assert [each["item"] for each in result["failed_runs"]] == ["one"]
    assert "failed" not in runs.info(started).result


def test_the_time_is_over_for_all(runs: Runs) -> None:
    runs.answers({"match": "one", "hold": True}, {"match": "three", "hold": True}, {"match": "two", "text": "Quick."})
    started = runs.start("one", "two", "three")
    one, _two, three = started["results"]
    wait_for(lambda: runs.info([started["results"][1]]).result["statuses"] == {"completed": 1})
    wait_for(lambda: len(runs.world.model.runs) == 3)
    done = runs.info(started, wait=True, wait_timeout=0.7)
    result = done.result
    assert result["msg"] == (
        f"2 of 3 runs have not ended after 0.7 seconds (option wait_timeout): {one['run_id']} (in_progress), "
        f"{three['run_id']} (in_progress). They continue. Run the task again to wait for them."
    )
    assert result["statuses"] == {"in_progress": 2, "completed": 1}
    assert responses(done) == ["", "Quick.", ""]
    # What an active run has written is not asked for.
    assert done.read.count(MESSAGES) == 1
    runs.world.model.release()
    again = runs.info(started, wait=True)
    assert again.result["statuses"] == {"completed": 3}
    assert len(runs.world.model.runs) == 3


def test_unfinished_and_failed_runs_are_both_reported(runs: Runs) -> None:
    runs.answers({"match": "one", "hang": True}, {"match": "two", "failed": {"code": "server_error", "message": "no"}})
    started = runs.start("one", "two")
    wait_for(lambda: runs.info([started["results"][1]]).result["statuses"] == {"failed": 1})
    message = runs.info(started, wait=True, wait_timeout=0.5).result["msg"]
    assert "1 of 2 runs have not ended after 0.5 seconds" in message
    assert message.endswith(f"ended as failed: {_SAID}no.")
    runs.world.do("run", thread_id=started["results"][0]["thread_id"], state="cancelled")
    assert "1 of 2 runs failed" in runs.info(started, wait=True, fail_on=["cancelled"]).result["msg"]


def test_a_failed_result_is_brief(runs: Runs) -> None:
    """Ansible shows all of it."""
    runs.answers({"match": "one", "failed": {"code": "server_error", "message": "no"}})
    started = runs.start("one", "two")
    failed = runs.info(started, wait=True, steps=True).result["runs"]
    whole = runs.info(started, wait=True, steps=True, fail_on=[]).result["runs"]
    assert failed == [{name: run[name] for name in run if name not in ("run", "messages", "steps")} for run in whole]
    assert [run["response"] for run in failed] == ["", "Reply to: two"]


def test_reading_does_not_wait(runs: Runs) -> None:
    runs.answers({"hold": True})
    done = runs.info(runs.start("one"))
    assert done.result["runs"][0]["status"] in ("queued", "in_progress")
    assert done.read == [RUN]


def test_check_mode_gives_the_same_answer(runs: Runs) -> None:
    runs.answers({"match": "one", "failed": {"code": "server_error", "message": "no"}})
    started = runs.start("one", "two")
    done = runs.info(started, wait=True)
    check = runs.info(started, wait=True, check=True)
    assert check.result == done.result
    assert check.sent == []


@pytest.mark.parametrize("form", ["results", "terms"])
def test_runs_that_check_mode_does_not_start(runs: Runs, form: str) -> None:
    real = runs.completed("one")["results"]
    thread = {"messages": [{"content": "new"}]}
    foretold = runs.world.do("thread_run", check=True, assistant_id="newest", thread=thread, wait=False).result
    assert foretold["run_id"] == KNOWN_AFTER_APPLY
    asked = {"results": [*real, {**foretold, "item": "new"}]}
    done = runs.info(asked if form == "results" else _terms(asked), wait=True, steps=True, check=True)
    old, new = done.result["runs"]
    assert old["response"] == "Reply to: one"
    # By the time that anybody waits for it, it has completed.
    assert (new["run_id"], new["status"], new["response"]) == (KNOWN_AFTER_APPLY, "completed", KNOWN_AFTER_APPLY)
    assert [message["run_id"] for message in new["messages"]] == [KNOWN_AFTER_APPLY]
    assert foretold["status"] == "queued"
    assert set(new) == set(old) - ({"item"} if form == "terms" else set())
    assert done.result["statuses"] == {"completed": 2}
    assert done.read.count(RUN) == 1


def test_all_runs_of_a_thread(runs: Runs) -> None:
    world = runs.world
    thread_id = world.do("thread", key="T", messages=[{"content": "Hello"}]).result["thread_id"]
    other = world.do("assistant", name="B", model="m").result["assistant_id"]
    asked: Json = {"thread_id": thread_id, "assistant_id": other}
    first = world.do("run", **asked, metadata={"n": 1}).result["run_id"]
    runs.answers({"failed": {"code": "server_error", "message": "no"}})
    second = world.do("run", **asked, key="k", fail_on=[]).result["run_id"]
    runs.answers({"hold": True})
    third = world.do("run", **asked, key="k", metadata={"n": 2}, wait=False).result["run_id"]

    def found(**options: Any) -> list[str]:
        done = world.do("run_info", thread_id=thread_id, **options)
        assert done.read[0] == RUNS
        return [run["run_id"] for run in done.result["runs"]]

    world.release_after(1)
    assert found(status=["queued", "in_progress"], wait=True) == [third]
    assert found() == [third, second, first]
    assert found(status=["queued", "in_progress"], wait=True) == []
    assert found(metadata={"n": 1}) == [first]
    assert found(assistant_id="asst_other") == []
    assert found(limit=2) == [third, second]
    done = world.do("run_info", thread_id=thread_id)
    assert [run["response"] for run in done.result["runs"]] == ["Reply to: Hello", "", "Reply to: Hello"]
    assert done.read == [RUNS]
    assert done.result["statuses"] == {"completed": 2, "failed": 1}
    assert world.do("run_info", check=True, thread_id=KNOWN_AFTER_APPLY).result["runs"] == []
    assert "The thread '(known after apply)' does not exist yet" in world.warnings[-1]


def test_progress(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wait, "_PROGRESS_EVERY", 0.4)
    started = runs.start(*(f"n{n}" for n in range(29)))
    wait_for(lambda: runs.info(started).result["statuses"] == {"completed": 29})
    runs.answers({"match": "one", "hold": True})
    runs.world.release_at("29 of 30 runs ended")
    done = runs.info([runs.start("one"), started], wait=True)
    lines = runs.world.progress
    assert all(re.fullmatch(r"\d+ of 30 runs ended", line) for line in lines), lines
    # The progress includes runs after the polled one, with few requests.
    assert "29 of 30 runs ended" in lines, lines
    assert done.read.count(RUN) < 30 + 3 * 12
    runs.world.progress.clear()
    monkeypatch.setattr(_wait, "_PROGRESS_EVERY", 0)
    runs.answers({"match": "last", "hold": True})
    runs.world.release_after(3)
    runs.info(runs.start("last"), wait=True, progress=False)
    assert runs.world.progress == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"runs": [4711]}, r"runs\[0\] is 4711, but must be run_id or thread_id:run_id, or a dictionary with run_id"),
        ({"runs": ["thread_x:run_x", None]}, r"runs\[1\] is None, but"),
        ({"runs": True}, r"runs is True, but"),
        ({"runs": {"results": [{"changed": True}]}}, r"runs\.results\[0\] has no run_id"),
        ({"runs": [":run_x"]}, r"runs\[0\] ':run_x' must have the form run_id or thread_id:run_id"),
        ({"runs": ["thread_x:"]}, r"runs\[0\] 'thread_x:' must have the form"),
        ({"runs": [{"run_id": "run x"}]}, r"runs\[0\]\.run_id is 'run x', which is not an id"),
        ({"runs": "a:b", "thread_id": "c"}, r"runs 'a:b' and the option thread_id \('c'\) specify different threads"),
        ({"runs": ["thread_ x:run"]}, r"runs\[0\]\.thread_id is 'thread_ x', which is not an id"),
        ({**ONE, "wait_timeout": 0}, r"wait_timeout is 0"),
        ({"thread_id": "thread_x", "limit": 0}, r"limit is 0, but must be at least 1"),
        ({"thread_id": "thread_x", "metadata": {"a": [1]}}, r"metadata.a is a list"),
    ],
)
def test_bad_options_cost_no_request(world: World, options: Json, message: str) -> None:
    done = world.do("run_info", **options)
    assert re.search(message, done.result["msg"]), done.result["msg"]
    assert done.read == []


@pytest.mark.parametrize("wait", [True, False])
def test_an_id_that_does_not_exist_is_an_error(runs: Runs, wait: bool) -> None:
    (one,) = runs.completed("one")["results"]
    result = runs.info([one, f"{one['thread_id']}:run_gone"], wait=wait).result
    assert result["msg"].startswith("runs[1]: No run found with id 'run_gone'.")
    assert "that runtime_store is set to the store of the run" in result["msg"]
    assert result["error"]["status"] == 404
    result = runs.world.do("run_info", thread_id="thread_gone").result
    assert result["msg"].startswith("thread_id: No thread found with id 'thread_gone'.")
