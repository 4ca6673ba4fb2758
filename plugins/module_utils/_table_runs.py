# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 3: runs. Every module has the connection options too.

from __future__ import annotations

from ._checks import (
    check_assistant,
    check_content,
    check_format,
    check_id,
    check_thread,
    check_tool_choice,
    pairs,
    text,
    tools,
)
from ._option import Option, between
from ._status import UNSUCCESSFUL, RunStatus

# The role run, which has most options of the modules as inputs: see scripts/role_options.py.
ROLE = "role run"
_RUN, _THREAD_RUN = ("openai_run",), ("openai_thread_run",)
_BOTH, _RUN_OR_ROLE = (*_RUN, *_THREAD_RUN), (*_RUN, ROLE)
_ALL = (*_BOTH, ROLE)
# What a model is asked with: an assistant has it, a run may override it.
_ASKED = ("openai_assistant", *_ALL)

ATTACHMENT = (
    #: The id of the file on the model server.
    Option("file_id", "str", required=True),
    #: The tools that get the file.
    Option("tools", "list", elements="dict", default=[]),
)
# A message as it is given inside a thread or a run (CreateMessageRequest of the wire).
MESSAGE = (
    #: Who says it.
    Option("role", "str", choices=("user", "assistant"), default="user"),
    #: What is said. A text, or a list of parts, each with a C(type) of V(text), V(image_url) or V(image_file).
    Option("content", "raw", required=True, check=check_content),
    #: Files for the tools.
    Option("attachments", "list", elements="dict", options=ATTACHMENT),
    #: Up to 16 pairs to keep with the message.
    Option("metadata", "dict", check=pairs(0)),
)
_THREAD = (
    #: The messages of the thread, oldest first.
    Option("messages", "list", elements="dict", options=MESSAGE),
    #: Up to 13 pairs to keep with the thread.
    Option("metadata", "dict", check=pairs(3)),
    #: The files and vector stores of hosted tools, as on the Assistants wire.
    Option("tool_resources", "dict"),
)
_STRATEGY = (
    #: V(auto) leaves out messages from the middle until the thread fits; V(last_messages) sends the newest ones.
    Option("type", "str", choices=("auto", "last_messages"), required=True),
    #: How many messages V(last_messages) sends, at least 1.
    Option("last_messages", "int", check=between(1)),
)
_TOOL_OUTPUT = (
    #: The id of the call, from RV(required_action).
    Option("tool_call_id", "str", required=True),
    #: The answer. What is not a text is sent as JSON.
    Option("output", "raw", required=True),
)
FAILED = [status.value for status in UNSUCCESSFUL]
FAILING = (*FAILED, RunStatus.REQUIRES_ACTION.value)

# Where a run is, and which run is meant.
_WHICH = (
    #: The thread, by its id or its key.
    Option("thread_id", "str", _RUN, required=True, check=check_thread),
    #: The thread that an earlier task has made, by its id or its key. Needed for servers that cannot list threads. The
    #: first time such a server needs O(force=true), since it cannot tell whether there is such a thread already.
    #:
    #: A thread without such a run is an error. Use M(threadworks.openai.openai_run) to run on any thread.
    Option("thread_id", "str", _THREAD_RUN, check=check_thread),
    #: The thread to make.
    Option("thread", "dict", _THREAD_RUN, wire="thread", options=_THREAD),
    #: A run that exists, whoever made it. The task makes no other one and takes the parameters as they are. It waits
    #: for the run, updates its metadata, gives it the O(key), and answers its tool calls with O(tool_outputs).
    Option("run_id", "str", _RUN, check=check_id),
    #: The answers to the function calls that the run O(run_id) waits for, all of them at once.
    Option("tool_outputs", "list", _RUN, elements="dict", options=_TOOL_OUTPUT),
    #: Makes the identity of the run explicit. The run of a key is reused as long as its parameters do not change, also
    #: when messages have been added to the thread.
    #:
    #: Without a key the identity is what the task gives.
    Option("key", "str", _ALL, no_log=False, check=text(512)),
    #: V(present) makes sure that there is such a run.
    #:
    #: V(cancelled) cancels the active run of the thread, or the run O(run_id), or that of O(key). A run that has ended
    #: does not change.
    Option("state", "str", _RUN, choices=("present", "cancelled"), default="present"),
    #: V(present) makes sure that there is such a thread and run.
    #:
    #: V(cancelled) cancels the run if it is going.
    #:
    #: V(absent) deletes the thread with the run.
    Option("state", "str", _THREAD_RUN, choices=("present", "cancelled", "absent"), default="present"),
)
# What the request of a run says.
_PARAMETERS = (
    #: The assistant that runs, by its id or its name. Required to make a run.
    Option("assistant_id", "str", _BOTH, wire="assistant_id", check=check_assistant),
    #: The assistant that runs, by its id or its name.
    Option("assistant_id", "str", (ROLE,), required=True),
    #: The model, instead of the assistant's.
    Option("model", "str", _ALL, wire="model", check=text()),
    #: The instructions, instead of the assistant's.
    Option("instructions", "str", _ALL, wire="instructions"),
    #: Instructions to add to the assistant's, or to O(instructions).
    Option("additional_instructions", "str", _RUN_OR_ROLE, wire="additional_instructions"),
    #: Messages to add to the thread before the run.
    Option("additional_messages", "list", _RUN_OR_ROLE, wire="additional_messages", elements="dict", options=MESSAGE),
    #: The tools that the model may use, instead of the assistant's; at most 20.
    #:
    #: Each has a C(type) of V(function), V(code_interpreter) or V(file_search), as on the Assistants wire.
    #:
    #: Hosted tools work where the model server has them.
    #:
    #: JSON in a string is taken too, such as the text of a file.
    Option("tools", "list", _ALL, wire="tools", elements="dict", check=tools(20)),
    #: The files and vector stores of hosted tools for this run, as on the Assistants wire.
    Option("tool_resources", "dict", _THREAD_RUN, wire="tool_resources"),
    #: Which tool the model has to call. V(none), V(auto), V(required), or a dictionary with a C(type) of V(function),
    #: V(code_interpreter) or V(file_search). For a function, C(function.name) says which.
    Option("tool_choice", "raw", _ALL, wire="tool_choice", takes_json=True, check=check_tool_choice),
    #: Whether the model may call several functions at once.
    Option("parallel_tool_calls", "bool", _ALL, wire="parallel_tool_calls"),
    #: How varied the reply is, from 0 to 2.
    #:
    #: Reasoning models take it only with a reasoning effort of V(none).
    Option("temperature", "float", _ASKED, wire="temperature", check=between(0, 2)),
    #: The share of probability that words are taken from, from 0 to 1.
    Option("top_p", "float", _ASKED, wire="top_p", check=between(0, 1)),
    #: The most tokens of the thread that are sent, at least 256.
    Option("max_prompt_tokens", "int", _ALL, wire="max_prompt_tokens", no_log=False, check=between(256)),
    #: The most tokens that the model may write, at least 256. A run that reaches it ends as C(incomplete).
    Option("max_completion_tokens", "int", _ALL, wire="max_completion_tokens", no_log=False, check=between(256)),
    #: What is sent of a thread that is too long.
    Option(
        "truncation_strategy",
        "dict",
        _ALL,
        wire="truncation_strategy",
        options=_STRATEGY,
        required_if=(("type", "last_messages", ("last_messages",)),),
    ),
    #: The form of the reply. V(auto), or a dictionary with a C(type) of V(text), V(json_object) or V(json_schema).
    #:
    #: With V(json_schema), C(json_schema) has a C(name) and a C(schema), which can be written as YAML.
    #:
    #: A reply in a JSON format is returned parsed, as RV(threadworks.openai.openai_run#module:output).
    #:
    #: JSON in a string is taken too.
    Option("response_format", "raw", _ASKED, wire="response_format", takes_json=True, check=check_format),
    #: How much a reasoning model thinks before it replies. A run without it takes the assistant's.
    Option(
        "reasoning_effort",
        "str",
        ("openai_assistant", *_RUN_OR_ROLE),
        wire="reasoning_effort",
        choices=("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    ),
    #: How long the reply is.
    #:
    #: An option of the model server. Not all servers have it.
    Option(
        "verbosity",
        "str",
        _ALL,
        wire="verbosity",
        choices=("low", "medium", "high"),
        version_added="0.2.0",
    ),
    #: Which summary of its reasoning a reasoning model adds. C(reasoning_summaries) of the run has the summaries, one
    #: after the other.
    #:
    #: An option of the model server. Not all servers have it.
    Option(
        "reasoning_summary",
        "str",
        _ALL,
        wire="reasoning_summary",
        choices=("auto", "concise", "detailed"),
        version_added="0.2.0",
    ),
    #: The class of service that the run is executed with, such as V(auto), V(default), V(flex) or V(priority). It
    #: affects the price and the speed. Another value is not a reason for a new run.
    #:
    #: An option of the model server. Not all servers have it.
    Option(
        "service_tier",
        "str",
        _ALL,
        wire="service_tier",
        is_identity=False,
        check=text(64),
        version_added="0.2.0",
    ),
    #: A name for runs whose prompts start with the same text. The model server uses it to find the part of the prompt
    #: that it has cached. Another value is not a reason for a new run.
    #:
    #: An option of the model server. Not all servers have it.
    Option(
        "prompt_cache_key",
        "str",
        _ALL,
        wire="prompt_cache_key",
        no_log=False,
        is_identity=False,
        check=text(512),
        version_added="0.2.0",
    ),
    #: An identifier of the person on whose behalf the model is asked, up to 128 characters, such as a hash of the user
    #: name. The model server uses it to detect abuse. Another value is not a reason for a new run.
    #:
    #: An option of the model server. Not all servers have it.
    Option(
        "safety_identifier",
        "str",
        _ALL,
        wire="safety_identifier",
        is_identity=False,
        check=text(128),
        version_added="0.2.0",
    ),
    #: Up to 13 pairs to keep with the run. A changed set of pairs is updated in place, without a new run.
    #:
    #: Keys that start with V(ansible_) are the collection's own.
    Option("metadata", "dict", _ALL, wire="metadata", is_identity=False, check=pairs(3)),
)
# How a task with a run behaves.
_TASK = (
    #: Always make a new run.
    Option("force", "bool", _ALL, default=False),
    #: Whether to wait until the run has ended or needs an action. If V(false), the run goes on behind the task.
    Option("wait", "bool", _ALL, default=True),
    #: How long to wait for the run, in seconds.
    #:
    #: A run that takes longer goes on. Running the task again waits for it again.
    Option("wait_timeout", "float", _BOTH, default=600, check=between(0.001)),
    #: How long to wait for the run, in seconds. Each round of tool calls has as long.
    Option("wait_timeout", "float", (ROLE,), default=600),
    #: Whether to show the run's progress, if there is a terminal.
    Option("progress", "bool", _BOTH, default=True),
    #: Whether to return the steps of the run too.
    Option("steps", "bool", _ALL, default=False),
    #: The statuses of a run that fail the task.
    Option("fail_on", "list", _ALL, elements="str", choices=(*FAILED, RunStatus.REQUIRES_ACTION.value), default=FAILED),
)
RUNS = (*_WHICH, *_PARAMETERS, *_TASK)
