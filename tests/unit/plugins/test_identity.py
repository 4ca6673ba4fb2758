# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity of objects, in their metadata. It must be the same in all releases."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _identity
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError

OWN, USER = {"ansible_key": "k", "ansible_parameters": "p"}, {"a": "1", "key": "x"}


def test_a_fingerprint_does_not_depend_on_the_order_of_keys_or_on_the_release() -> None:
    fingerprint = "72648ddc39b183b413609452a4523fc3e67cc797ac77f8280525c9d487dcfd40"
    assert _identity.fingerprint("Grüße", {"b": [1, None], "a": 0.5}) == fingerprint
    assert _identity.fingerprint("Grüße", {"a": 0.5, "b": [1, None]}) == fingerprint
    assert _identity.fingerprint("Grüße", {"a": 0.5, "b": [None, 1]}) != fingerprint


def test_whose_metadata() -> None:
    assert _identity.user_metadata({**OWN, **USER}) == USER
    assert _identity.ansible_metadata({**OWN, **USER}) == OWN
    assert _identity.user_metadata(None) == _identity.ansible_metadata(None) == {}


def test_the_user_s_metadata_is_replaced_and_the_collection_s_is_kept() -> None:
    current = {**OWN, **USER}
    assert _identity.desired_metadata(current, None, {}) == current
    assert _identity.desired_metadata(current, {"b": "2"}, {"ansible_key": "new"}) == {
        "b": "2",
        "ansible_key": "new",
        "ansible_parameters": "p",
    }
    assert _identity.desired_metadata(None, {}, {}) == {}


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [(None, {}), ({}, {}), (USER, {"metadata": USER}), ({**OWN, **USER}, {"key": "k", "metadata": USER})],
)
def test_metadata_in_a_diff(metadata: dict[str, str] | None, shown: dict[str, object]) -> None:
    assert _identity.shown_metadata(metadata) == shown


@pytest.mark.parametrize(
    ("metadata", "pairs", "expected"),
    [(None, {}, True), (None, {"a": "1"}, False), (USER, {"a": "1"}, True), (USER, {"a": "1", "key": "y"}, False)],
)
def test_an_object_has_all_pairs(metadata: dict[str, str] | None, pairs: dict[str, str], expected: bool) -> None:
    assert _identity.has_metadata({"metadata": metadata}, pairs) is expected


def test_one_object_or_the_term_itself() -> None:
    several = "assistants have the name 'A'"
    assert _identity.only_id("A", several, []) == "A"
    assert _identity.only_id("A", several, [{"id": "asst_1"}]) == "asst_1"
    with pytest.raises(TaskError, match=r"2 assistants have the name 'A': asst_1, asst_2\. Use the id instead\."):
        _identity.only_id("A", several, [{"id": "asst_1"}, {"id": "asst_2"}])


@pytest.mark.parametrize(
    ("term", "expected"), [("asst_1", True), ("(known after apply 3)", True), ("My asst_1", False), ("", False)]
)
def test_ids_and_names(term: str, expected: bool) -> None:
    assert _identity.is_id(term, _identity.ASSISTANT) is expected


def test_keys() -> None:
    assert _identity.key_metadata("k") == {"ansible_key": "k"}
    assert _identity.key_metadata(None) == _identity.key_metadata("") == {}
