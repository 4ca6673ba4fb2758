# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the callback `runs` understands of the results of tasks, and its totals and table."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from ansible_collections.threadworks.openai.plugins.plugin_utils._run_table import table
from ansible_collections.threadworks.openai.plugins.plugin_utils._run_totals import amount, duration
from ansible_collections.threadworks.openai.tests.unit.plugins.run_events import Collected, Json, result, run


@pytest.fixture
def seen() -> Collected:
    return Collected()


def _waiting(seen: Collected, *names: str) -> Json:
    calls = [{"id": f"call_{name}", "function": {"name": name, "arguments": {"path": "/"}}} for name in names]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    return result(run(seen.recorder, status="requires_action", required_action=action, usage=None))


def test_a_run_that_several_tasks_return_is_counted_once(seen: Collected) -> None:
    seen.record(result(run(seen.recorder, status="queued", usage=None), response=""), item="first")
    assert (seen.totals.all.runs, seen.totals.all.tokens, dict(seen.totals.statuses)) == (1, 0, {"queued": 1})
    done = result(run(seen.recorder), changed=False)
    seen.record({"changed": False, "runs": [done], "failed_runs": []}, "openai_run_info", host="localhost")
    (only,) = seen.recorder.runs.values()
    assert (only.host, only.item, only.hosts, only.status) == ("web", "first", ["web", "localhost"], "completed")
    assert (seen.totals.all.runs, seen.totals.all.tokens) == (1, 14)
    assert seen.totals.stats["statuses"] == {"completed": 1}
    assert seen.totals.stats["models"]["gpt-6-luna"]["runs"] == 1


def test_a_reused_run_costs_nothing_now(seen: Collected) -> None:
    old = run(seen.recorder, created_at=1000, started_at=1000) | {"completed_at": 1001}
    seen.record(result(old, changed=False))
    assert (seen.totals.all.runs, seen.totals.reused, seen.totals.stats["runs"]) == (0, 1, 0)
    # Its metadata was changed: it has not run again.
    seen.record(result({**old, "id": "run_2"}, run_id="run_2"))
    assert seen.totals.reused == 2
    lines = [line.text for line in table(list(seen.recorder.runs.values()), seen.totals, {}, 10)]
    assert "completed, reused" in lines[1]
    assert lines[-1] == "2 earlier runs were reused. Tokens of reused runs are not in the totals."


def test_a_queued_run_has_no_cost(seen: Collected) -> None:
    nothing = {"input_tokens": 0, "output_tokens": 0, "cost": {"amount": "0", "prices_from": None}}
    seen.record(result(run(seen.recorder, status="queued", usage=None), response="", details=nothing))
    assert seen.totals.stats["cost"] == {"amount": None, "unknown_runs": 0, "prices_from": None}
    lines = [line.text.split() for line in table(list(seen.recorder.runs.values()), seen.totals, {}, 10)]
    assert lines[1][-3:] == ["0", "-", "-"]


def test_the_name_of_an_assistant_comes_from_the_options_of_a_task(seen: Collected) -> None:
    seen.record(result(run(seen.recorder)), assistant="Operator")
    assert seen.recorder.assistants == {"asst_1": "Operator"}


def test_details_and_costs(seen: Collected) -> None:
    details = {
        "model": "gpt-6-luna-2026",
        "input_tokens": 100,
        "cached_tokens": 64,
        "output_tokens": 20,
        "reasoning_tokens": None,
        "seconds": 2.5,
        "cost": {"amount": "0.001234", "prices_from": "2026-11-01"},
    }
    seen.record(result(run(seen.recorder), details=details))
    seen.record(result(run(seen.recorder, "run_2"), details={**details, "cost": None, "model": "mine"}))
    stats = json.loads(json.dumps(seen.totals.stats))
    assert stats["cost"] == {"amount": "0.001234", "unknown_runs": 1, "prices_from": "2026-11-01"}
    assert stats["models"]["mine"]["cost"] == {"amount": None, "unknown_runs": 1}
    assert (stats["input_tokens"], stats["cached_tokens"], stats["output_tokens"]) == (200, 128, 40)
    lines = [line.text.split() for line in table(list(seen.recorder.runs.values()), seen.totals, {}, 10)]
    assert lines[1][-4:] == ["120", "$0.0012", "2.5", "s"]
    assert lines[2][-3:] == ["unknown", "2.5", "s"]
    assert lines[-1] == ["total", "2", "200", "128", "40", ">", "$0.0012"]


def test_failures(seen: Collected) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Slow down."}
    failed = result(run(seen.recorder, status="failed", last_error=error), changed=False, failed=True, msg="Run ...")
    seen.record(failed, host="db")
    short = {"run_id": "run_2", "thread_id": "t", "status": "incomplete", "usage": None, "response": ""}
    reasons = [{"run_id": "run_2", "reason": "ended as incomplete."}]
    seen.record({"failed": True, "msg": "1 failed", "runs": [short], "failed_runs": reasons}, "openai_run_info")
    seen.record({"failed": True, "msg": "refused", "error": {"code": "budget_exceeded"}})
    runs = list(seen.recorder.runs.values())
    assert [(each.is_bad, each.reason) for each in runs] == [(True, "Slow down."), (True, "ended as incomplete.")]
    assert [(each.message, each.code) for each in seen.recorder.problems] == [("refused", "budget_exceeded")]
    assert [each["run_id"] for each in seen.totals.stats["failed_runs"]] == ["run_1", "run_2"]


def test_a_reply_that_is_not_json_is_a_failure(seen: Collected) -> None:
    seen.record(result(run(seen.recorder), changed=False, failed=True, msg="The reply of run run_1 is not JSON."))
    (only,) = seen.recorder.runs.values()
    assert (only.is_bad, only.reason) == (True, "The reply of run run_1 is not JSON.")
    assert table([only], seen.totals, {}, 10)[1].is_bad


def test_who_allowed_what_and_where_it_ran(seen: Collected) -> None:
    seen.record(_waiting(seen, "look", "reboot"))
    seen.record({"id": "call_look", "allowed": True, "answer": "yes", "problem": None}, "openai_tool_call")
    seen.record({"cmd": "df"}, "ansible.builtin.command", task="Look", where="db")
    seen.record({}, "ansible.builtin.include_tasks", task="Include")
    seen.record({"cmd": "df"}, "ansible.builtin.command", host="other")
    seen.record({"id": "call_reboot", "allowed": False, "answer": "no", "problem": "Not allowed."}, "openai_tool_call")
    seen.record({"msg": "not a tool"}, "ansible.builtin.debug")
    seen.record(result(run(seen.recorder)))
    seen.record({"msg": "not a tool"}, "ansible.builtin.debug")
    look, reboot = seen.recorder.calls.values()
    assert (look.allowed, look.answer, look.host, look.arguments) == (True, "yes", "web", {"path": "/"})
    assert [(task.name, task.host) for task in look.tasks] == [("Look", "db")]
    assert (reboot.allowed, reboot.answer, reboot.problem, reboot.tasks) == (False, "no", "Not allowed.", [])
    assert [name for name, _fields, _content in seen.noted] == ["asked", "allowed", "ran", "refused", "ended"]
    assert seen.noted[1][1:] == (
        {"run_id": "run_1", "tool_call_id": "call_look", "tool": "look", "answer": "yes"},
        {"arguments": {"path": "/"}, "problem": None},
    )
    assert (seen.noted[2][1]["on"], seen.noted[2][1]["action"]) == ("db", "ansible.builtin.command")


def test_an_answer_without_a_decision(seen: Collected) -> None:
    seen.record(_waiting(seen, "look"))
    seen.record(result(run(seen.recorder)), host="localhost")
    (call,) = seen.recorder.calls.values()
    assert (call.host, call.allowed) == ("localhost", None)


def test_a_cancelled_run(seen: Collected) -> None:
    seen.record(result(run(seen.recorder, status="in_progress", usage=None)))
    for status in ("cancelling", "cancelled", "cancelled"):
        seen.record(result(run(seen.recorder, status=status)))
    assert [name for name, *_more in seen.noted] == ["asked", "cancelled"]
    assert seen.totals.stats["statuses"] == {"cancelled": 1}


def test_results_of_other_modules_are_ignored(seen: Collected) -> None:
    seen.record({"answer": result(run(seen.recorder))}, "ansible.builtin.debug")
    seen.record({"changed": False, "run_id": "run_1", "thread_id": "t", "taken": True}, "openai_tool_turn")
    assert seen.recorder.runs == {}
    # An async task returns its run through this module.
    seen.record(result(run(seen.recorder)), "ansible.builtin.async_status")
    assert list(seen.recorder.runs) == ["run_1"]


def test_an_async_task_that_reads_runs(seen: Collected) -> None:
    seen.record(result(run(seen.recorder, status="queued", usage=None), response=""))
    runs = [result(run(seen.recorder)), result(run(seen.recorder, "run_2", "failed"))]
    failed = [{"run_id": "run_2", "reason": "ended as failed: No."}]
    read = {"failed": True, "changed": False, "msg": "1 of 2 runs failed.", "runs": runs, "failed_runs": failed}
    seen.record(read, "ansible.builtin.async_status")
    assert seen.totals.stats["statuses"] == {"completed": 1, "failed": 1}
    assert [each.is_bad for each in seen.recorder.runs.values()] == [False, True]


def test_a_terminal_shows_only_text(seen: Collected) -> None:
    seen.record(result(run(seen.recorder)), host="web", task="Ask\x1b[31m", item="\u202egnp")
    lines = table(list(seen.recorder.runs.values()), seen.totals, {"asst_1": "A\u001b]0;"}, 10)
    assert all(line.text.isprintable() for line in lines)
    assert "\u202e" not in "".join(line.text for line in lines)


def test_many_rows(seen: Collected) -> None:
    for number in range(40):
        seen.record(result(run(seen.recorder, f"run_{number}")), host=f"web{number}")
    lines = table(list(seen.recorder.runs.values()), seen.totals, {}, 30)
    assert lines[31].text == "... and 10 more runs"
    assert lines[34].text.split() == ["gpt-6-luna", "40", "400", "0", "160", "unknown"]


@pytest.mark.parametrize(
    ("number", "text"),
    [("0", "$0.00"), ("0.000001", "$0.0000010"), ("0.001234", "$0.0012"), ("0.05", "$0.050"), ("12.346", "$12.35")],
)
def test_amounts(number: str, text: str) -> None:
    assert amount(Decimal(number)) == text


def test_durations() -> None:
    assert [duration(each) for each in (None, 0.04, 99.9, 100, 3725)] == [
        "-",
        "40 ms",
        "99.9 s",
        "1 min 40 s",
        "1 h 02 min",
    ]


def test_budgets(seen: Collected) -> None:
    night = {"name": "night", "per": "day", "tokens": {"limit": 50000, "used": 38000}, "cost": None, "resets_at": 2e9}
    money = {"name": "money", "per": "month", "tokens": None, "cost": {"limit": "5.00", "used": "5.01"}}
    seen.record(
        result(run(seen.recorder), details={"budgets": [{**night, "tokens": {"limit": 50000, "used": 1}}, money]})
    )
    seen.record(result(run(seen.recorder, "run_2"), details={"budgets": [night, None, {}]}))
    seen.record(result(run(seen.recorder, "run_3"), details={"budgets": None}))
    found = {each.name: (each.left, each.share) for each in seen.recorder.budgets.values()}
    assert [each.to_json() for each in seen.recorder.budgets.values()] == [
        {"name": "night", "per": "day", "tokens_left": 12000, "cost_left": None},
        {"name": "money", "per": "month", "tokens_left": None, "cost_left": "0"},
    ]
    assert found == {"night": ("12,000 of 50,000 tokens", 76.0), "money": ("$0.0000 of $5.00", 100.0)}
