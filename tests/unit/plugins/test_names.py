# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of assistants and keys of threads, in place of their ids."""

from __future__ import annotations

import re

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _read_assistants, _read_threads
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import Peer, Scripted, always, wire_to
from ansible_collections.threadworks.openai.tests.world import Json, World

NAME, KEY = "Network assistant", "ticket 47/11"
THREAD: Json = {"thread_id": KEY}
RUN: Json = {**THREAD, "assistant_id": NAME}


@pytest.fixture
def made(world: World) -> Json:
    """The ids of an assistant and of a thread with one message."""
    world.do("assistant", name=NAME, model="m")
    world.do("thread", key=KEY, messages=[{"content": "Hi"}])
    return dict(world.ids)


def test_they_mean_the_same_as_the_ids(world: World, made: Json) -> None:
    assert world.foretold("message", **THREAD, content="Ho").result["thread_id"] == made["thread_id"]
    run = world.foretold("run", **RUN).result
    assert (run["thread_id"], run["run"]["assistant_id"]) == (made["thread_id"], made["assistant_id"])
    again = world.do("run", thread_id=made["thread_id"], assistant_id=made["assistant_id"])
    assert (again.result["changed"], again.result["run_id"]) == (False, run["run_id"])
    assert world.do("run", **THREAD, run_id=run["run_id"]).result["changed"] is False
    assert world.do("run", **THREAD, state="cancelled").result["run_id"] == run["run_id"]
    info = world.do("run_info", **RUN).result
    assert [each["run_id"] for each in info["runs"]] == [run["run_id"]]
    for options in ({"runs": [f"{KEY}:{run['run_id']}"] * 2}, {"runs": run["run_id"], "thread_id": KEY}):
        named = world.do("run_info", **options)
        assert {each["thread_id"] for each in named.result["runs"]} == {made["thread_id"]}
        assert named.sent.count("GET /threads") <= 1
    assert world.do("assistant", assistant_id=NAME, description="New").result["assistant_id"] == made["assistant_id"]
    assert world.do("assistant_info", assistant_id=NAME).result["assistants"][0]["id"] == made["assistant_id"]
    assert world.do("thread", **THREAD, metadata={"a": "1"}).result["thread_id"] == made["thread_id"]
    assert world.do("thread_info", **THREAD).result["threads"][0]["id"] == made["thread_id"]
    thread_run = world.foretold("thread_run", assistant_id=NAME).result
    assert world.do("thread_run", assistant_id=made["assistant_id"]).result["run_id"] == thread_run["run_id"]
    assert world.do("thread", **THREAD, state="absent").result["changed"]


@pytest.mark.parametrize(
    ("resource", "options"), [("thread", {"key": "thread_1"}), ("assistant", {"name": "asst_1", "model": "m"})]
)
def test_a_name_that_looks_like_an_id_gets_a_warning(world: World, resource: str, options: Json) -> None:
    world.do(resource, **options)
    assert ["looks like an id" in line for line in world.warnings] == [True]


def test_check_mode_knows_new_names(world: World) -> None:
    world.do("assistant", check=True, name=NAME, model="m")
    world.do("thread", check=True, key=KEY, messages=[{"content": "Hi"}])
    result = world.do("run", check=True, **RUN).result
    assert (result["changed"], result["run"]["assistant_id"]) == (True, "(known after apply)")


def test_an_id_costs_no_request(world: World, made: Json) -> None:
    assert world.do("message", thread_id=made["thread_id"], content="Hi").read == ["GET /threads/*/messages"]


@pytest.mark.parametrize(
    ("resource", "options", "message"),
    [
        (
            "run",
            {**RUN, "assistant_id": "Nobody"},
            "assistant_id: No assistant found with id 'Nobody'.*Check the id or the name, ",
        ),
        (
            "run",
            {**RUN, "thread_id": "nowhere"},
            "thread_id: No thread found with id 'nowhere'.*Check the id or the key, ",
        ),
        ("run", {**RUN, "thread_id": "thread_x"}, "thread_id: No thread found with id 'thread_x'.*Check the id, "),
        ("run", {**RUN, "thread_id": "{'thread_id': 'x'}"}, "^thread_id is a dictionary. Use the value of its key "),
        ("thread", {"thread_id": "nowhere"}, "thread_id: No thread found with id 'nowhere'.*Check the id or the key, "),
        (
            "message",
            {**THREAD, "thread_id": "two", "content": "Hi"},
            "^2 threads have the key 'two': thread_.*Use the id",
        ),
        ("run", {**RUN, "assistant_id": "Two"}, "^2 assistants have the name 'Two': asst_.*Use the id"),
    ],
)
def test_what_is_not_clear(world: World, made: Json, resource: str, options: Json, message: str) -> None:
    for number in range(2):
        world.wire.post("assistants", body={"name": "Two", "model": "m"})
        world.wire.post("threads", body={"metadata": {"ansible_key": "two", "n": str(number)}})
    done = world.foretold(resource, **options)
    assert done.result["failed"]
    assert re.search(message, done.result["msg"]), done.result["msg"]


def test_on_a_server_that_cannot_list_threads_it_is_an_id() -> None:
    with Scripted(always({"error": {"message": "Invalid URL"}}, "404 Not Found")) as server:
        assert _read_threads.thread_id(wire_to(server.url), "7f3c") == "7f3c"


def test_the_runtime_is_asked_for_the_assistants_of_a_name(world: World) -> None:
    made = [world.do("assistant", name=name, model="m").result["assistant_id"] for name in ("A", "B")]
    listed = world.wire.list("assistants", query={"name": "A"})
    assert [each["id"] for each in listed] == made[:1]
    assert _read_assistants.assistant_id(world.wire, "A") == made[0]


def test_on_a_server_without_that_filter_all_assistants_are_read() -> None:
    def script(peer: Peer) -> None:
        while request := peer.request():
            if "name=" in request[0]:
                peer.answer({"error": {"message": "Unknown parameter: 'name'."}}, "400 Bad Request")
            else:
                peer.answer({"data": [{"id": f"asst_{name}", "name": name} for name in "AB"], "has_more": False})

    with Scripted(script) as server:
        assert _read_assistants.assistant_id(wire_to(server.url), "B") == "asst_B"
