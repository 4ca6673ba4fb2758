# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schemas of clients and values of models: neither is trusted."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from threadworks_runtime.json_schema import checking
from threadworks_runtime.json_schema.checking import problems
from threadworks_runtime.json_schema.rules import Unusable, check_schema
from threadworks_runtime.json_schema.text import read_json
from threadworks_runtime.json_schema.usable import first_unusable

Json = dict[str, Any]


def _nested(levels: int) -> Json:
    schema: Json = {"type": "object"}
    for _level in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


def _doubling(levels: int) -> Json:
    """A schema that takes twice as long with each level."""
    definitions = {f"a{level}": {"allOf": [{"$ref": f"#/$defs/a{level + 1}"}] * 2} for level in range(levels)}
    return {"$defs": {**definitions, f"a{levels}": {"type": "integer"}}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize(
    ("schema", "path", "reason"),
    [
        ({"type": "obj"}, ["type"], '"obj" is not a type. Use array, boolean,'),
        ({"properties": {"a": {"type": ["string", "nul"]}}}, ["properties", "a", "type"], "is not a type"),
        ({"properties": {"a": {"minimum": "1"}}}, ["properties", "a", "minimum"], '"1" is not of type "number"'),
        ({"anyOf": [{}, {"required": "a"}]}, ["anyOf", 1, "required"], '"a" is not of type "array"'),
        ({"properties": {"a": 5}}, ["properties", "a"], "5 is not of types"),
        ({"properties": {"a": {"$ref": "#/$defs/no"}}}, ["properties", "a", "$ref"], "cannot be found"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, ["$defs", "a", "$ref"], "circular reference"),
        ({"$defs": {"a/b": {"$ref": "#"}}, "$ref": "#/$defs/a~1b"}, ["$defs", "a/b", "$ref"], "circular reference"),
        ({"$ref": "#", "properties": {"a": {"$ref": "#"}}}, ["$ref"], "circular reference"),
        ({"$defs": {"a": {"$anchor": "b", "$ref": "#b"}}}, ["$defs", "a", "$ref"], '"#b" is a circular reference'),
        ({"$id": "http://e/s", "$defs": {"a": {"$ref": "s#/$defs/a"}}}, ["$defs", "a", "$ref"], "circular reference"),
        ({"$defs": {"a": {"$id": "http://e/a", "$ref": "http://e/a"}}}, ["$defs", "a", "$ref"], "circular reference"),
        ({"$defs": {"a": {"$id": "urn:a:b", "$ref": "#"}}}, ["$defs", "a", "$ref"], "circular reference"),
        ({"$defs": {"a": {"$dynamicAnchor": "n", "$dynamicRef": "#n"}}}, ["$defs", "a", "$dynamicRef"], "circular"),
        ({"$defs": {"a": {"allOf": [{}, {"$ref": "#/$defs/a"}]}}}, ["$defs", "a", "allOf", 1, "$ref"], "circular"),
        ({"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}, ["$defs", "a", "not", "$ref"], "circular reference"),
        ({"dependentSchemas": {"a": {"$ref": "#"}}}, ["dependentSchemas", "a", "$ref"], "circular reference"),
        ({"properties": {"a": {"$ref": ""}}}, ["properties", "a", "$ref"], 'Use "#" to refer to the schema itself'),
        ({"$ref": "http://127.0.0.1:9/schema"}, ["$ref"], "only references within the schema"),
        ({"$ref": "file:///etc/passwd"}, ["$ref"], "only references within the schema"),
        ({"$schema": "http://example.org/mine"}, ["$schema"], "not a known draft"),
        ({"$schema": 5}, ["$schema"], "5 is not of type"),
        ({"pattern": "(("}, ["pattern"], "the pattern"),
        ({"pattern": r"(a)\1"}, ["pattern"], "backreferences are not supported"),
        ({"patternProperties": {"(?=a)b": {}}}, ["patternProperties", "(?=a)b"], "lookaround"),
        ({"pattern": "((a{999}){999}){999}"}, ["pattern"], "size is limited"),
        ({"anyOf": [{"pattern": f"a{number}"} for number in range(600)]}, [], "more than 500 patterns"),
        (_nested(60), [], "nested more than 100 levels deep"),
        (_nested(20_000), [], "nested more than 100 levels deep"),
        ({"description": "x" * 1_100_000}, [], "larger than 1048576 characters"),
    ],
)  # fmt: skip
def test_schemas_that_cannot_be_used(schema: Json, path: list[str | int], reason: str) -> None:
    with pytest.raises(Unusable) as raised:
        check_schema(schema)
    assert raised.value.path == path
    assert reason in raised.value.reason
    assert len(raised.value.reason) < 1000


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"name": {"pattern": r"^\w{1,64}$"}, "next": {"$ref": "#"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"},
        {"$defs": {"a": {"$anchor": "a"}}, "$ref": "#a", "description": "x", "unknown": 1},
        {"properties": {"pattern": {"type": "string"}, "$ref": {"type": "string"}, "type": {"enum": ["obj"]}}},
        {"$defs": {"a": {"$anchor": "a", "items": {"$ref": "#a"}, "anyOf": [{"$ref": "#/$defs/b"}]}, "b": {}}},
        {
            "$id": "http://e/s",
            "$dynamicAnchor": "n",
            "items": {"$dynamicRef": "#n"},
            "allOf": [{"$ref": "#/$defs/a"}],
            "$defs": {"a": {"$dynamicAnchor": "n", "properties": {"a": {"$dynamicRef": "#n"}}}},
        },
        {"properties": {"not": {"$ref": "#"}, "$ref": {"properties": {"allOf": {"$ref": "#"}}}}},
        {"$defs": {f"a{number}": {"$ref": f"#/$defs/a{number + 1}"} for number in range(2000)} | {"a2000": {}}},
        _nested(45),
        _doubling(40),
    ],
)
def test_schemas_that_can(schema: Json) -> None:
    check_schema(schema)


def _unusable(*schemas: Json) -> tuple[int, Unusable] | None:
    return asyncio.run(first_unusable(list(schemas)))


def test_a_schema_that_takes_too_much_is_refused_by_its_number() -> None:
    found = _unusable({"type": "integer"}, {**_doubling(30), "unevaluatedProperties": False}, {"type": "string"})
    assert found is not None
    number, why = found
    assert (number, why.path) == (1, [])
    assert why.reason == "it cannot be validated: validation needs too much time or memory"


def test_all_schemas_of_a_request_share_the_time() -> None:
    """Each of them takes a part of it, so that one of the later ones is refused."""
    schemas = [
        {
            "anyOf": [{"pattern": f"^(a{{0,{80 + n % 7}}}b){{{150 + n % 50}}}$"} for n in range(490)],
            "title": f"{number}",
        }
        for number in range(20)
    ]
    found = _unusable({"unevaluatedProperties": True}, *schemas)
    assert found is not None
    assert found[0] > 0
    assert found[1].reason == "it cannot be validated: validation needs too much time or memory"


def test_what_is_simple_or_known_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    known: Json = {"unevaluatedProperties": False}
    assert _unusable(known) is None
    monkeypatch.setattr(checking.sys, "executable", "/nonexistent")
    simple: list[Json] = [{"properties": {"a": {"pattern": rf"^\w{{1,64}}-{n}$", "$ref": "#"}}} for n in range(8)]
    assert _unusable(known, *simple) is None
    heavy: list[Json] = [
        {"allOf": [{}] * 3000},
        {"unevaluatedItems": False},
        {"pattern": "(a{100}){1000}"},
        {"patternProperties": {r"\p{L}{1,64}": {}}},
        {"pattern": "a" * 11_000},
    ]
    for schema in heavy:
        found = _unusable(simple[0], schema)
        assert found is not None
        assert found[0] == 1
        assert found[1].reason == "it cannot be validated: No such file or directory"


def test_nothing_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        for schema in ({"$ref": url}, {"$schema": url}, {"$id": url, "$ref": "other.json"}):
            with pytest.raises(Unusable):
                check_schema(schema)
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


def _problems(*cases: tuple[Json, Any]) -> list[str | None]:
    return asyncio.run(problems([schema for schema, _value in cases], [(n, case[1]) for n, case in enumerate(cases)]))


def test_where_and_why_values_break_their_schemas() -> None:
    names = "array, boolean, integer, null, number, object or string"
    listed = {"properties": {"b": {"anyOf": [{"type": "integer"}, {"items": {"type": "integer"}}]}}}
    assert _problems(
        ({"properties": {"a": {"pattern": "^/"}}}, {"a": "/var"}),
        ({"properties": {"a": {"pattern": "^/"}}}, {"a": "var"}),
        ({"required": ["a"]}, {}),
        (listed, {"b": [1, "x"]}),
        ({"type": "obj"}, {}),
        ({"type": "string"}, "\ud83d\ude00\x00"),
    ) == [
        None,
        '$.a: "var" does not match "^/"',
        '$: "a" is a required property',
        '$.b[1]: "x" is not of type "integer"',
        f'the schema itself cannot be used: $.type: "obj" is not a type. Use {names}',
        None,
    ]
    assert asyncio.run(problems([], [])) == []


def test_a_long_value_is_cut_out_of_a_reason() -> None:
    (problem,) = _problems(({"properties": {"a": {"pattern": "^b"}}}, {"a": "a" * 1_000_000}))
    assert problem is not None
    assert len(problem) < 500
    assert problem.endswith('does not match "^b"')


def test_a_pattern_that_backtracks_elsewhere_takes_no_time() -> None:
    """It would take longer than all values have."""
    (problem,) = _problems(({"properties": {"a": {"pattern": r"^(\w+\s?)*$"}}}, {"a": "a" * 100_000 + "!"}))
    assert problem is not None
    assert "does not match" in problem


@pytest.mark.parametrize(
    "case",
    [(_doubling(60), 1), ({"items": {"$ref": "#"}}, json.loads("[" * 900 + "]" * 900))],
    ids=["time", "stack"],
)
def test_what_takes_too_much_ends_and_does_not_pass(case: tuple[Json, Any]) -> None:
    async def check() -> list[str | None]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        found = await problems([{"type": "integer"}, case[0]], [(0, "x"), (1, case[1])])
        ticking.cancel()
        # The event loop had time for others.
        assert ticks > 1
        return found

    first, second = asyncio.run(check())
    assert first == '$: "x" is not of type "integer"'
    assert second is None or second.startswith("it cannot be validated against its schema")


def test_a_process_that_cannot_be_started_lets_nothing_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking.sys, "executable", "/nonexistent")
    (problem,) = _problems(({}, {}))
    assert problem == "it cannot be validated against its schema: No such file or directory"


def test_the_process_gets_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\n")
    python.chmod(0o700)
    monkeypatch.setattr(checking.sys, "executable", str(python))
    for name in ("OPENAI_API_KEY", "HTTPS_PROXY", "OPENAI_RUNTIME_STORE"):
        monkeypatch.setenv(name, "canary-4711")
    assert _problems(({}, {})) == ["it cannot be validated against its schema: the validation process failed"]
    environment = (tmp_path / "environment").read_text()
    assert "PYTHONPATH=" in environment
    assert "canary-4711" not in environment


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is not a JSON value"),
        ("[-Infinity]", "-Infinity is not"),
        ("1e999", "1e999 is too large"),
        ("9" * 5000, "Exceeds the limit"),
        ("{'a': 1}", "Expecting property name"),
        ("", "Expecting value"),
        ('{"a": "\\ud800"}', "a lone surrogate"),
        ("[" * 200 + "]" * 200, "nested more than 100 levels"),
        ("[" * 200_000, "nested more than 100 levels"),
        ('{"a":' * 200_000, "nested more than 100 levels"),
    ],
)
def test_text_that_is_no_json(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_json(text)
