# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Complete responses: scripted, or as required by the request."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from .words import input_tokens, last_user_text, pieces

if TYPE_CHECKING:
    from .server import ModelServer

Json = dict[str, Any]


def respond(body: Json, answer: Json, model: ModelServer) -> Json:
    """Return the final response object for a request."""
    answer = answer if answer.keys() & {"text", "refusal", "calls", "failed"} else _obedient(body) | answer
    output = _output(body, answer, model)
    written, cut = _limit(output, body)
    counted = _usage(input_tokens(body), written, answer)
    model.remember(output)
    response = {
        "id": model.new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": {},
        "model": answer.get("model", body["model"]),
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None} | body.get("reasoning", {}),
        "service_tier": answer.get("service_tier", "default"),
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}} | body.get("text", {}),
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": answer.get("usage", counted),
        "user": None,
    }
    reason = answer.get("incomplete") or (
        "max_output_tokens" if cut and "limit" not in answer.get("ignore", []) else None
    )
    if "failed" in answer:
        response |= {"status": "failed", "error": answer["failed"]}
    elif reason:
        response |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
    return response


def _obedient(body: Json) -> Json:
    """Return the answer that the request requires."""
    text = f"Reply to: {last_user_text(body)}"
    choice = body.get("tool_choice", "auto")
    if choice == "required":
        choice = body["tools"][0]
    kind = choice["type"] if isinstance(choice, dict) else None
    if kind == "function":
        return {"calls": [{"name": choice["name"], "arguments": {}}]}
    hosted = {
        "code_interpreter": {"code": "print('hello')", "outputs": [{"type": "logs", "logs": "hello\n"}]},
        "file_search": {"queries": [text], "results": []},
    }
    text_format = body.get("text", {}).get("format", {"type": "text"})
    if text_format["type"] == "json_schema":
        text = json.dumps(_instance(text_format["schema"], text))
    elif text_format["type"] == "json_object":
        text = json.dumps({"reply": text})
    return {"text": text} | ({kind: hosted[kind]} if kind else {})


def _instance(schema: Json, text: str) -> Any:
    """Return the smallest value that matches a simple JSON Schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _instance(schema["properties"][name], text) for name in schema.get("required", [])}
    simple = {"string": text, "integer": 1, "number": 1.5, "boolean": True, "array": [], "null": None}
    return simple[schema.get("type", "string")]


def _output(body: Json, answer: Json, model: ModelServer) -> list[Json]:
    output: list[Json] = []
    done = {"status": "completed"}
    include = body.get("include", [])
    if answer.get("reasoning"):
        told = answer["reasoning"]
        summary = [{"type": "summary_text", "text": told}] if isinstance(told, str) else []
        reasoned = {"type": "reasoning", "id": model.new_id("rs"), "summary": summary}
        output.append({**reasoned, "encrypted_content": "opaque"})
    if "code_interpreter" in answer:
        call: Json = {"type": "code_interpreter_call", "id": model.new_id("ci"), "container_id": model.new_id("cntr")}
        outputs = answer["code_interpreter"].get("outputs", []) if "code_interpreter_call.outputs" in include else None
        output.append(call | done | {"code": answer["code_interpreter"]["code"], "outputs": outputs})
    if "file_search" in answer:
        call = {
            "type": "file_search_call",
            "id": model.new_id("fs"),
            "queries": answer["file_search"].get("queries", []),
        }
        results = answer["file_search"].get("results", []) if "file_search_call.results" in include else None
        output.append(call | done | {"results": results})
    part: Json | None = None
    if "refusal" in answer:
        part = {"type": "refusal", "refusal": answer["refusal"]}
    elif "text" in answer:
        annotations = answer.get("annotations", [])
        part = {"type": "output_text", "text": answer["text"], "annotations": annotations, "logprobs": []}
    if part:
        message = {"type": "message", "id": model.new_id("msg"), "role": "assistant", "content": [part]}
        output.append(message | done)
    for call in answer.get("calls", []):
        arguments = call.get("arguments", {})
        output.append(
            {"type": "function_call", "id": model.new_id("fc"), "call_id": call.get("call_id") or model.new_id("call")}
            | {"name": call["name"], "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)}
            | done
        )
    return output


def _limit(output: list[Json], body: Json) -> tuple[int, bool]:
    """Truncate the texts to ``max_output_tokens``. Return the number of tokens, and whether a text was truncated."""
    left = limit = body.get("max_output_tokens", 10**9)
    cut = False
    for item in output:
        for part in item.get("content", []):
            words = pieces(part.get("text", part.get("refusal", "")))
            if len(words) > left and "text" in part:
                part["text"] = "".join(words[:left])
                item["status"], cut = "incomplete", True
            left -= min(left, len(words))
        left -= min(left, len(item.get("arguments", "").split()))
    return limit - left, cut


def _usage(input_tokens: int, output_tokens: int, answer: Json) -> Json:
    written = answer.get("cache_write_tokens", 0)
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": answer.get("cached_tokens", 0), "cache_write_tokens": written},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": answer.get("reasoning_tokens", 0)},
        "total_tokens": input_tokens + output_tokens,
    }
