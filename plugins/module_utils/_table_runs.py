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
    utf8,
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
    #: The tools that can use the file.
    Option("tools", "list", elements="dict", default=[]),
)
# A message as it is given inside a thread or a run (CreateMessageRequest of the wire).
MESSAGE = (
    #: The author of the message.
    Option("role", "str", choices=("user", "assistant"), default="user"),
    #: The content of the message. Either a string, or a list of parts, each with a C(type) of V(text), V(image_url) or
    #: V(image_file).
    Option("content", "raw", required=True, check=check_content),
    #: Files for the tools of the assistant.
    Option("attachments", "list", elements="dict", options=ATTACHMENT),
    #: Up to 16 metadata pairs of the message.
    Option("metadata", "dict", check=pairs(0)),
)
_THREAD = (
    #: The messages of the thread, oldest first.
    Option("messages", "list", elements="dict", options=MESSAGE),
    #: Up to 13 metadata pairs of the thread.
    Option("metadata", "dict", check=pairs(3)),
    #: The files and vector stores for hosted tools, as in the Assistants API. The task fails if a vector store does not
    #: exist on the model server.
    Option("tool_resources", "dict"),
)
_STRATEGY = (
    #: V(auto) omits messages from the middle of the thread until it fits. V(last_messages) sends only the newest
    #: messages.
    Option("type", "str", choices=("auto", "last_messages"), required=True),
    #: The number of messages that V(last_messages) sends, at least 1.
    Option("last_messages", "int", check=between(1)),
)
_TOOL_OUTPUT = (
    #: The id of the tool call, from RV(required_action).
    Option("tool_call_id", "str", required=True),
    #: The output of the tool. Values other than strings are sent as JSON. Bytes that are not UTF-8 are replaced by
    #: question marks.
    Option("output", "raw", required=True, check=utf8),
)
FAILED = [status.value for status in UNSUCCESSFUL]
FAILING = (*FAILED, RunStatus.REQUIRES_ACTION.value)

# The thread of a run, and the run itself.
_WHICH = (
    #: The thread, specified by its id or its key.
    Option("thread_id", "str", _RUN, required=True, check=check_thread),
    #: The thread that an earlier task created, specified by its id or its key. Required for servers that cannot list
    #: threads. With such a server, create the thread with O(force=true), because the task cannot find out whether it
    #: already exists.
    #:
    #: The task fails if the thread has no matching run. To use any other thread, use M(threadworks.openai.openai_run).
    Option("thread_id", "str", _THREAD_RUN, check=check_thread),
    #: The thread to create.
    Option("thread", "dict", _THREAD_RUN, wire="thread", options=_THREAD),
    #: The id of an existing run. The task does not create a run, and does not compare its parameters. It waits for the
    #: run, updates its metadata, sets its O(key), and submits O(tool_outputs).
    Option("run_id", "str", _RUN, check=check_id),
    #: The outputs of all function calls that the run O(run_id) waits for.
    Option("tool_outputs", "list", _RUN, elements="dict", options=_TOOL_OUTPUT),
    #: A name for the run. A run with the same key and the same parameters is reused, even if messages have been added
    #: to the thread.
    #:
    #: Without a key, the run is identified by the options of the task.
    Option("key", "str", _ALL, no_log=False, check=text(512)),
    #: V(present) ensures that the run exists.
    #:
    #: V(cancelled) cancels the active run of the thread, or the run specified by O(run_id) or O(key). A run that has
    #: ended is not changed.
    Option("state", "str", _RUN, choices=("present", "cancelled"), default="present"),
    #: V(present) ensures that the thread and the run exist.
    #:
    #: V(cancelled) cancels the run if it is active.
    #:
    #: V(absent) deletes the thread and the run.
    Option("state", "str", _THREAD_RUN, choices=("present", "cancelled", "absent"), default="present"),
)
# The options of a run that determine the request to the model.
_PARAMETERS = (
    #: The assistant to run, specified by its id or its name. Required to create a run.
    Option("assistant_id", "str", _BOTH, wire="assistant_id", check=check_assistant),
    #: The assistant to run, specified by its id or its name.
    Option("assistant_id", "str", (ROLE,), required=True),
    #: The model of the run. The default is the model of the assistant.
    Option("model", "str", _ALL, wire="model", check=text()),
    #: The instructions for the run. The default is the instructions of the assistant.
    Option("instructions", "str", _ALL, wire="instructions"),
    #: Instructions that are added to O(instructions), or to the instructions of the assistant.
    Option("additional_instructions", "str", _RUN_OR_ROLE, wire="additional_instructions"),
    #: Messages that are added to the thread before the run.
    Option("additional_messages", "list", _RUN_OR_ROLE, wire="additional_messages", elements="dict", options=MESSAGE),
    #: The tools that the model can use, at most 20. The default is the tools of the assistant.
    #:
    #: Each tool has a C(type) of V(function), V(code_interpreter) or V(file_search), as in the Assistants API.
    #:
    #: Hosted tools are only available if the model server supports them.
    #:
    #: You can also use a JSON string, such as the content of a file.
    Option("tools", "list", _ALL, wire="tools", elements="dict", check=tools(20)),
    #: The files and vector stores for hosted tools in this run, as in the Assistants API. The task fails if a vector
    #: store does not exist on the model server.
    Option("tool_resources", "dict", _THREAD_RUN, wire="tool_resources"),
    #: The tool that the model must call. V(none), V(auto), V(required), or a dictionary with a C(type) of V(function),
    #: V(code_interpreter) or V(file_search). For a function, set C(function.name).
    Option("tool_choice", "raw", _ALL, wire="tool_choice", takes_json=True, check=check_tool_choice),
    #: Whether the model can call several functions at the same time.
    Option("parallel_tool_calls", "bool", _ALL, wire="parallel_tool_calls"),
    #: The sampling temperature, from 0 to 2. Higher values make the reply more random.
    #:
    #: Reasoning models only support it with a reasoning effort of V(none).
    Option("temperature", "float", _ASKED, wire="temperature", check=between(0, 2)),
    #: The probability mass for nucleus sampling, from 0 to 1.
    Option("top_p", "float", _ASKED, wire="top_p", check=between(0, 1)),
    #: The maximum number of tokens of the thread that are sent to the model, at least 256.
    Option("max_prompt_tokens", "int", _ALL, wire="max_prompt_tokens", no_log=False, check=between(256)),
    #: The maximum number of tokens in the reply, at least 256. A run that reaches this limit ends as C(incomplete).
    Option("max_completion_tokens", "int", _ALL, wire="max_completion_tokens", no_log=False, check=between(256)),
    #: How to shorten a thread that is too long for the model.
    Option(
        "truncation_strategy",
        "dict",
        _ALL,
        wire="truncation_strategy",
        options=_STRATEGY,
        required_if=(("type", "last_messages", ("last_messages",)),),
    ),
    #: The format of the reply. V(auto), or a dictionary with a C(type) of V(text), V(json_object) or V(json_schema).
    #:
    #: For V(json_schema), set C(json_schema) to a dictionary with a C(name) and a C(schema).
    #:
    #: A reply in JSON is returned as data in RV(threadworks.openai.openai_run#module:output).
    #:
    #: You can also use a JSON string.
    Option("response_format", "raw", _ASKED, wire="response_format", takes_json=True, check=check_format),
    #: The reasoning effort of a reasoning model. The default of a run is the reasoning effort of the assistant.
    Option(
        "reasoning_effort",
        "str",
        ("openai_assistant", *_RUN_OR_ROLE),
        wire="reasoning_effort",
        choices=("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    ),
    #: How detailed the reply is.
    #:
    #: This option is sent to the model server. Not all servers support it.
    Option(
        "verbosity",
        "str",
        _ALL,
        wire="verbosity",
        choices=("low", "medium", "high"),
        version_added="0.2.0",
    ),
    #: The kind of summary that a reasoning model returns of its reasoning. The run contains the summaries in
    #: C(reasoning_summaries).
    #:
    #: This option is sent to the model server. Not all servers support it.
    Option(
        "reasoning_summary",
        "str",
        _ALL,
        wire="reasoning_summary",
        choices=("auto", "concise", "detailed"),
        version_added="0.2.0",
    ),
    #: The service tier of the requests, such as V(auto), V(default), V(flex) or V(priority). It affects the price and
    #: the speed. A different value does not lead to a new run.
    #:
    #: This option is sent to the model server. Not all servers support it.
    Option(
        "service_tier",
        "str",
        _ALL,
        wire="service_tier",
        is_identity=False,
        check=text(64),
        version_added="0.2.0",
    ),
    #: A name for runs whose prompts start with the same text. The model server uses it to find the cached part of the
    #: prompt. A different value does not lead to a new run.
    #:
    #: This option is sent to the model server. Not all servers support it.
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
    #: An identifier of the person who uses the model, up to 128 characters, such as a hash of the user name. The model
    #: server uses it to detect abuse. A different value does not lead to a new run.
    #:
    #: This option is sent to the model server. Not all servers support it.
    Option(
        "safety_identifier",
        "str",
        _ALL,
        wire="safety_identifier",
        is_identity=False,
        check=text(128),
        version_added="0.2.0",
    ),
    #: Up to 13 metadata pairs of the run. A change is updated in place, without a new run.
    #:
    #: Keys that start with V(ansible_) are reserved for the collection.
    Option("metadata", "dict", _ALL, wire="metadata", is_identity=False, check=pairs(3)),
)
# How a task with a run behaves.
_TASK = (
    #: Whether to always create a new run.
    Option("force", "bool", _ALL, default=False),
    #: Whether to wait until the run has ended or requires an action. If V(false), the run continues in the background.
    Option("wait", "bool", _ALL, default=True),
    #: The maximum time to wait for the run, in seconds.
    #:
    #: A run that takes longer continues. If you run the task again, it waits for the run.
    Option("wait_timeout", "float", _BOTH, default=600, check=between(0.001)),
    #: The maximum time to wait for the run, in seconds. It applies to each round of tool calls.
    Option("wait_timeout", "float", (ROLE,), default=600),
    #: Whether to display the progress of the run. Only applies to terminals.
    Option("progress", "bool", _BOTH, default=True),
    #: Whether to return the steps of the run.
    Option("steps", "bool", _ALL, default=False),
    #: Whether to return what the run has used: tokens, time and cost.
    Option("details", "bool", _BOTH, default=False, env=("OPENAI_RUN_DETAILS",), version_added="0.2.0"),
    #: Whether to return what the run has used: tokens, time and cost. The default is the value of the environment
    #: variable E(OPENAI_RUN_DETAILS).
    Option("details", "bool", (ROLE,), version_added="0.2.0"),
    #: The statuses of the run for which the task fails.
    Option("fail_on", "list", _ALL, elements="str", choices=FAILING, default=FAILED),
)
RUNS = (*_WHICH, *_PARAMETERS, *_TASK)
