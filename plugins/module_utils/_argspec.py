# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

# A server without keys is often given some word in place of one: "none", "sk". To hide that would garble ids and texts.
_SHORTEST_SECRET = 8


class ArgSpec:
    """An argument spec as a value: merge several into one, then hand it to `AnsibleModule` or a validator."""

    def __init__(self, argument_spec: dict[str, dict[str, t.Any]] | None = None, **rules: t.Any) -> None:
        self.argument_spec = dict(argument_spec or {})
        self.rules: dict[str, list[t.Any]] = {name: list(rule) for name, rule in rules.items()}

    def merge(self, *others: ArgSpec) -> ArgSpec:
        """Return a new spec with the options and the rules of this one and of `others`."""
        merged = ArgSpec(self.argument_spec, **self.rules)
        for other in others:
            merged.argument_spec.update(other.argument_spec)
            for name, rule in other.rules.items():
                merged.rules[name] = merged.rules.get(name, []) + rule
        return merged

    def to_kwargs(self) -> dict[str, t.Any]:
        """Return the keyword arguments that `AnsibleModule` and `ArgumentSpecValidator` both take."""
        return {"argument_spec": self.argument_spec, **self.rules}


def _env(option_type: str, *variables: str, **more: t.Any) -> dict[str, t.Any]:
    return {"type": option_type, "fallback": (env_fallback, list(variables)), **more}


CONNECTION = ArgSpec(
    {
        "api_key": _env("str", "OPENAI_API_KEY", no_log=True),
        "base_url": _env("str", "OPENAI_BASE_URL"),
        "organization": _env("str", "OPENAI_ORGANIZATION", "OPENAI_ORG_ID"),
        "project": _env("str", "OPENAI_PROJECT_ID"),
        "runtime_url": _env("str", "OPENAI_RUNTIME_URL"),
        "runtime_store": _env("str", "OPENAI_RUNTIME_STORE"),
        "runtime_idle_timeout": _env("float", "OPENAI_RUNTIME_IDLE_TIMEOUT", default=60.0),
        "runtime_concurrent_runs": _env("int", "OPENAI_RUNTIME_CONCURRENT_RUNS", default=32),
        "timeout": {"type": "float", "default": 120.0},
        "max_retries": {"type": "int", "default": 2},
    }
)


def secrets(values: t.Iterable[str]) -> set[str]:
    """Return those of the values of `no_log` options that are hidden: the runtime has the same rule."""
    return {value for value in values if len(value) >= _SHORTEST_SECRET}


ATTACHMENTS = {
    "type": "list",
    "elements": "dict",
    "options": {
        "file_id": {"type": "str", "required": True},
        "tools": {"type": "list", "elements": "dict", "default": []},
    },
}

# A message as it is given inside a thread or a run (CreateMessageRequest of the wire).
MESSAGES = {
    "type": "list",
    "elements": "dict",
    "options": {
        "role": {"type": "str", "choices": ["user", "assistant"], "default": "user"},
        "content": {"type": "raw", "required": True},
        "attachments": ATTACHMENTS,
        "metadata": {"type": "dict"},
    },
}

# What a model is asked with: an assistant has it, a run may override it.
SAMPLING: dict[str, dict[str, t.Any]] = {
    "temperature": {"type": "float"},
    "top_p": {"type": "float"},
    "response_format": {"type": "raw"},
}
REASONING_EFFORT: dict[str, dict[str, t.Any]] = {
    "reasoning_effort": {"type": "str", "choices": ["none", "minimal", "low", "medium", "high", "xhigh", "max"]},
}

# The parameters of a run that both createRun and createThreadAndRun know.
RUN_PARAMETERS: dict[str, dict[str, t.Any]] = {
    "model": {"type": "str"},
    "instructions": {"type": "str"},
    "tools": {"type": "list", "elements": "dict"},
    "tool_choice": {"type": "raw"},
    "parallel_tool_calls": {"type": "bool"},
    "max_prompt_tokens": {"type": "int", "no_log": False},
    "max_completion_tokens": {"type": "int", "no_log": False},
    "truncation_strategy": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "choices": ["auto", "last_messages"], "required": True},
            "last_messages": {"type": "int"},
        },
        "required_if": [("type", "last_messages", ("last_messages",))],
    },
    **SAMPLING,
}

# How a task with a run behaves: the same for both run modules.
RUN_TASK = ArgSpec(
    {
        "key": {"type": "str", "no_log": False},
        "metadata": {"type": "dict"},
        "force": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 600.0},
        "progress": {"type": "bool", "default": True},
        "steps": {"type": "bool", "default": False},
        "fail_on": {
            "type": "list",
            "elements": "str",
            "choices": ["failed", "expired", "cancelled", "incomplete", "requires_action"],
            "default": ["failed", "expired", "cancelled", "incomplete"],
        },
    }
)
