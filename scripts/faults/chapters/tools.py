# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tool calls of a hostile model. Calls that are not approved, or violate the schema, must not run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chapter import Chapter, Options
from stage import Stage, stage

from ansible_collections.threadworks.openai.tests.playbook import Outcome

Json = dict[str, Any]

_PLAYBOOK = Path(__file__).parents[1] / "plays" / "tools.yml"
_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "pattern": "^/[a-z/]*$", "maxLength": 64},
        "depth": {"type": "integer", "minimum": 0, "maximum": 3},
    },
    "required": ["path"],
    "additionalProperties": False,
}
# The functions of the assistant. `wipe` has no task file, so it is not approved.
_FUNCTIONS: list[Json] = [{"name": "disk", "parameters": _SCHEMA}, {"name": "uptime"}, {"name": "wipe"}]
# `reboot` has a task file, but the run has no such function, and therefore no schema for its arguments.
_APPROVED = {"disk": "tool.yml", "uptime": "tool.yml", "reboot": "tool.yml"}
_GOOD: list[Json] = [
    {"name": "disk", "arguments": {"path": "/var"}},
    {"name": "disk", "arguments": {"path": "/", "depth": 3}},
    {"name": "uptime", "arguments": {}},
]
_EVIL_NAMES = [
    "reboot",
    "wipe",
    "rm -rf /",
    "../disk",
    "./tool.yml",
    "tool.yml",
    "/etc/passwd",
    "disk ",
    " disk",
    "disk\n",
    "disk\x00",
    "DISK",
    "d\u0131sk",
    "d\u200bisk",
    "",
    "disk,uptime",
    "{{ 'disk' }}",
    "{{ run_tool_tasks.keys() | first }}",
    "__class__",
    "keys",
    "[0]",
    "none",
    "x" * 100_000,
]
_EVIL_ARGUMENTS: list[Any] = [
    {},
    {"path": None},
    {"path": 1},
    {"path": ["/var"]},
    {"path": {"a": "/var"}},
    {"path": "var"},
    {"path": "/var; reboot"},
    {"path": "/var\nreboot"},
    {"path": "/var\n"},
    {"path": "/VAR"},
    {"path": "/" + "a" * 64},
    {"path": "/var", "depth": 4},
    {"path": "/var", "depth": -1},
    {"path": "/var", "depth": "1"},
    {"path": "/var", "depth": 1.5},
    {"path": "/var", "depth": True},
    {"path": "/var", "host": "other"},
    {"path": "/var", "__proto__": {}},
    {"path": "/{{ lookup('pipe', 'id') }}"},
    {"PATH": "/var"},
    '{"path":',
    '{"path": "/var"} {"path": "/etc"}',
    '{"path": "/var", "path": "/;reboot"}',
    '"/var"',
    '["/var"]',
    "null",
    "",
    "/var",
    '{"path": "/var", "depth": NaN}',
    '{"path": "/var", "depth": 1e999}',
    '{"path": "/var", "depth": ' + "9" * 5000 + "}",
    '{"path": "\\ud800"}',
    "path: /var",
    "!!python/object/apply:os.system ['id']",
]
_EVIL_CALLS = [
    *({"name": name, "arguments": {"path": "/var"}} for name in _EVIL_NAMES),
    *({"name": "disk", "arguments": arguments} for arguments in _EVIL_ARGUMENTS),
]
# They once made the checks themselves fail, so they are always included.
_ONCE_BROKEN_CALLS = [
    {"name": "disk", "arguments": '{"path": "/var", "depth": 1e999}'},
    {"name": "disk", "arguments": '{"path": ' * 10_000 + "1" + "}" * 10_000},
    {"name": "disk", "arguments": "[" * 100_000},
]
_A_ROUND = 12
# A host can return facts with any name, and users can have variables with common names.
_CLASHES: Json = {
    "tool": {"name": "disk", "arguments": {"path": "/clash"}},
    "tool_output": "a clash",
    "__run_call": {"id": "x", "function": {"name": "disk", "arguments": {"path": "/clash"}, "problem": None}},
    "item": {"name": "disk", "arguments": {"path": "/clash"}},
}
_EXTRA = {name: _CLASHES[name] for name in ("tool", "tool_output", "item")}


def run(options: Options) -> Chapter:
    """Simulate hostile calls in rounds, calls without approval, conflicting names, and unreachable hosts."""
    chapter, chance = Chapter(), options.chance()
    evil = chance.sample(_EVIL_CALLS, 4) if options.short else chance.sample(_EVIL_CALLS, len(_EVIL_CALLS))
    with stage(options.folder / "playbooks") as here:
        _prepare(here)
        answered = {"hostile calls": _hostile_calls(here, [*evil, *_ONCE_BROKEN_CALLS])}
        # The short form leaves the others to the tests of role run.
        unasked = refused = gone = None
        if not options.short:
            unasked = _play(here, [_GOOD], "Does nobody approve?", run_tool_confirm=True)
            answered["facts of clashing names"] = _play(here, [_GOOD], "Clash with facts.", facts=_CLASHES)
            # The role may refuse to run if a variable would replace one of its own.
            refused = _play(here, [_GOOD], "Clash with variables.", extra=_EXTRA)
            gone = _play(here, [_GOOD], "Is the host gone?", limit="gone")
        statuses = here.statuses()
    ran = {what: _ran(outcome) for what, outcome in answered.items()}
    unapproved = [f"{what}: {call}" for what, calls in ran.items() for call in calls if call not in _GOOD]
    unapproved += [f"nobody could approve it: {call}" for call in _ran(unasked)]
    unapproved += [f"variables of clashing names: {call}" for call in _ran(refused) if call not in _GOOD]
    chapter.inform("hostile calls", len(evil) + len(_ONCE_BROKEN_CALLS))
    chapter.none("unapproved calls that ran", unapproved)
    chapter.none(
        "approved calls that did not run once",
        [f"{what}: {call}" for what, calls in ran.items() for call in _GOOD if calls.count(call) != 1],
    )
    chapter.none(
        "plays that failed", [f"{what}: {outcome}"[-3000:] for what, outcome in answered.items() if outcome.rc]
    )
    if gone is not None and gone.stats["unreachable"] != 1:
        chapter.none("unreachable hosts that were reached", [str(gone)])
    active = [f"a run is {status}" for status in statuses if status not in ("completed", "cancelled", "failed")]
    chapter.none("runs left without an end", active)
    return chapter


def _prepare(here: Stage) -> None:
    folder = here.playbook.folder
    (folder / "tool.yml").write_text(_PLAYBOOK.with_name("tool.yml").read_text())
    (folder / "tools.yml").write_text(_PLAYBOOK.read_text())
    local = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    gone = "ansible_host=127.0.0.1 ansible_port=9 ansible_connection=ssh ansible_ssh_timeout=5"
    (folder / "hosts").write_text(f"web {local}\ngone {gone}\n")


def _hostile_calls(here: Stage, evil: list[Json]) -> Outcome:
    rounds = [evil[start : start + _A_ROUND] for start in range(0, len(evil), _A_ROUND)]
    return _play(here, [*rounds, _GOOD], f"Make {len(evil)} hostile calls.", run_tool_rounds=len(rounds) + 1)


def _play(
    here: Stage, rounds: list[list[Json]], question: str, limit: str = "web", extra: Json | None = None, **given: Any
) -> Outcome:
    """Run the playbook with a model that makes these calls, round after round."""
    # Otherwise, the calls would have more tokens than the limit of an answer.
    here.model.script([{"match": question, "calls": calls, "usage": None} for calls in rounds])
    folder = here.playbook.folder
    functions = [{"type": "function", "function": function} for function in _FUNCTIONS]
    given = {"question": question, "functions": functions, "run_tool_tasks": _APPROVED, **given}
    file = folder / "variables.json"
    file.write_text(json.dumps({"given": given}))
    variables = json.dumps({"variables_file": str(file), **(extra or {})})
    return here.playbook(folder / "tools.yml", "-i", str(folder / "hosts"), "-l", limit, "-e", variables)


def _ran(outcome: Outcome | None) -> list[Json]:
    """Return the calls that were executed."""
    return (
        []
        if outcome is None
        else [each.result["msg"] for each in outcome.tasks if each.name.endswith("Carry the call out")]
    )
