# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What openai_assistant_info finds."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY
from ansible_collections.threadworks.openai.tests.world import Json, World


@pytest.fixture
def assistants(world: World) -> Json:
    """The ids of three assistants by their names."""
    made = {
        name: world.do("assistant", name=name, model="m", metadata={"team": team}).result["assistant_id"]
        for name, team in {"one": "network", "two": "network", "three": "storage"}.items()
    }
    world.ids.clear()
    return made


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["three", "two", "one"]),
        ({"limit": 2}, ["three", "two"]),
        ({"name": "two"}, ["two"]),
        ({"name": "nobody"}, []),
        ({"metadata": {"team": "network"}}, ["two", "one"]),
        ({"metadata": {"team": "network"}, "name": "one"}, ["one"]),
        ({"metadata": {"team": "sales"}}, []),
        ({"assistant_id": "one"}, ["one"]),
    ],
)
def test_found(world: World, assistants: Json, options: Json, names: list[str], check: bool) -> None:
    if "assistant_id" in options:
        options = {"assistant_id": assistants[options["assistant_id"]]}
    done = world.do("assistant_info", check=check, **options)
    assert [each["name"] for each in done.result["assistants"]] == names
    assert (done.result["changed"], done.sent, len(done.read)) == (False, [], 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"assistant_id": "asst_gone"}, "assistant_id: No assistant found with id 'asst_gone'."),
        ({"name": " "}, "name is empty"),
        ({"limit": 0}, "limit is 0, but must be at least 1."),
        ({"metadata": {"ansible_x": "y"}}, "keys that start with 'ansible_' are reserved for the collection"),
    ],
)
def test_refused(world: World, options: dict[str, Any], message: str) -> None:
    assert message in world.do("assistant_info", **options).result["msg"]


def test_check_mode_shows_what_it_has_predicted(world: World) -> None:
    made = world.do("assistant", check=True, name="new", model="m").result["assistant"]
    assert made["id"] == KNOWN_AFTER_APPLY
    done = world.do("assistant_info", check=True, assistant_id=made["id"])
    assert (done.result["assistants"], done.read) == ([made], [])
    assert world.do("assistant_info", check=True, name="new").result["assistants"] == [made]
    assert world.do("assistant_info", name="new").result["assistants"] == []
