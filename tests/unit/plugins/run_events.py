# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of tasks as the callback `runs` gets them, for tests without a playbook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.threadworks.openai.plugins.plugin_utils._run_recorder import Event, Recorder
from ansible_collections.threadworks.openai.plugins.plugin_utils._run_totals import Totals

Json = dict[str, Any]
STAMPS = {"completed": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at"}


class Collected:
    """A recorder with its totals. `noted` are the events of the audit trail: name, fields and content."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, Json, Json]] = []
        self.totals = Totals()
        self.recorder = Recorder(
            lambda name, _event, fields, content: self.noted.append((name, fields, content)), self.totals.change
        )
        self.recorder.play = "Play"

    def record(self, result: Json, module: str = "openai_run", **fields: Any) -> None:
        """Record a result of a module of this collection, or of another one with its full name."""
        action = module if "." in module else f"threadworks.openai.{module}"
        now = self.recorder.began + fields.pop("after", 1.0)
        event: Json = {
            "host": "web",
            "task": "Ask",
            "path": "/play.yml:1",
            "status": "failed" if result.get("failed") else "changed" if result.get("changed") else "ok",
            "began": now - 0.5,
            "item": "",
            "at": now,
            **fields,
        }
        event.setdefault("where", event["host"])
        self.recorder.record(Event(action=action, result=result, **event))


def run(recorder: Recorder, id: str = "run_1", status: str = "completed", **fields: Any) -> Json:
    """Return a run that was created when the playbook started."""
    made = int(recorder.began) + 1
    document: Json = {
        "id": id,
        "object": "thread.run",
        "created_at": made,
        "started_at": made,
        "thread_id": id.replace("run_", "thread_"),
        "assistant_id": "asst_1",
        "status": status,
        "model": "gpt-6-luna",
        "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
        "last_error": None,
        "incomplete_details": None,
        "required_action": None,
        **fields,
    }
    return document | ({STAMPS[status]: made + 1} if status in STAMPS else {})


def result(document: Json, **fields: Any) -> Json:
    """Return the result of a task for a run."""
    return {
        "changed": True,
        "run": document,
        "run_id": document["id"],
        "thread_id": document["thread_id"],
        "status": document["status"],
        "usage": document["usage"],
        "response": "Fine.",
        "output": None,
        "messages": [],
        "required_action": document["required_action"],
        **fields,
    }


def message(id: str, role: str, text: str, at: int, run_id: str | None = None) -> Json:
    """Return a message of a thread."""
    content = [{"type": "text", "text": {"value": text, "annotations": []}}]
    return {"id": id, "role": role, "content": content, "created_at": at, "run_id": run_id}


def call_step(id: str, run_id: str, at: int, *calls: tuple[str, str, Json, str | None]) -> Json:
    """Return a step with function calls: id, name, arguments and output."""
    made = [
        {
            "id": call,
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments), "output": output},
        }
        for call, name, arguments, output in calls
    ]
    return {"id": id, "run_id": run_id, "created_at": at, "step_details": {"type": "tool_calls", "tool_calls": made}}


def message_step(id: str, run_id: str, at: int, message_id: str) -> Json:
    """Return a step that created a message."""
    details = {"type": "message_creation", "message_creation": {"message_id": message_id}}
    return {"id": id, "run_id": run_id, "created_at": at, "step_details": details}


def many(collected: Collected, count: int, hosts: int, journal: Path) -> None:
    """Record so many runs on so many hosts, each with a question and a reply in the journal. Each tenth fails."""
    with journal.open("w") as lines:
        for number in range(count):
            id = f"run_{number}"
            status = "failed" if number % 10 == 3 else "completed"
            error = {"code": "server_error", "message": "The model is overloaded."} if status == "failed" else None
            document = run(collected.recorder, id, status, last_error=error)
            details = {
                "model": "gpt-6-luna" if number % 3 else "gpt-6-sol",
                "input_tokens": 900 + number % 70,
                "cached_tokens": 512,
                "output_tokens": 120 + number % 50,
                "seconds": 1.0 + number % 7,
                "cost": {"amount": "0.000412", "prices_from": "2026-11-01"},
            }
            after = 2.0 + number * 60 / count
            host = f"host{number % hosts:04}"
            collected.record(
                result(document, details=details), host=host, after=after, began=collected.recorder.began + after - 1
            )
            made = document["created_at"]
            messages = [message(f"u{number}", "user", f"Question {number}: why is it slow?", made)]
            if not error:
                messages.append(message(f"a{number}", "assistant", "The disk is **busy**. " * 20, made, id))
            entry = {"run_id": id, "thread_id": document["thread_id"], "assistant": "Operator", "messages": messages}
            lines.write(json.dumps({**entry, "is_cut": False, "steps": []}) + "\n")
