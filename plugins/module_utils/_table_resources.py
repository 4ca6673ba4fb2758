# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 4: assistants, threads, messages, and the local runtime.

from __future__ import annotations

from ._checks import at_most, check_assistant, check_content, check_id, check_thread, pairs, text, tools
from ._option import Option, between
from ._table_runs import ATTACHMENT, MESSAGE

_ASSISTANT, _THREAD, _MESSAGE = ("openai_assistant",), ("openai_thread",), ("openai_message",)
_STARTING, _DESCRIBING = ("openai_local_runtime",), ("openai_local_runtime_info",)

_OF_ASSISTANTS = (
    #: The id or the name of an assistant that exists. With it, O(name) can be changed.
    Option("assistant_id", "str", _ASSISTANT, check=check_assistant),
    #: The name, up to 256 characters.
    Option("name", "str", _ASSISTANT, wire="name", check=text(256)),
    #: The model. Required to create the assistant.
    Option("model", "str", _ASSISTANT, wire="model", check=text()),
    #: What the assistant is for, up to 512 characters.
    Option("description", "str", _ASSISTANT, wire="description", check=at_most(512)),
    #: What the model is told before each thread.
    Option("instructions", "str", _ASSISTANT, wire="instructions", check=at_most(256_000)),
    #: The tools that the model may use, at most 128. Each has a C(type) of V(function), V(code_interpreter) or
    #: V(file_search), as on the Assistants wire.
    #:
    #: JSON in a string is taken too, such as the text of a file.
    Option("tools", "list", _ASSISTANT, wire="tools", elements="dict", check=tools(128)),
    #: Up to 15 pairs to keep with the assistant. Keys that start with V(ansible_) are the collection's own.
    Option("metadata", "dict", _ASSISTANT, wire="metadata", check=pairs(1)),
    #: Whether the assistant exists.
    Option("state", "str", _ASSISTANT, choices=("present", "absent"), default="present"),
)
_OF_THREADS = (
    #: The id or the key of a thread that exists.
    Option("thread_id", "str", _THREAD, check=check_thread),
    #: The name of the thread for playbooks, such as V(ticket-4711). The same key finds the same thread again.
    #:
    #: With O(thread_id), the thread is given this key.
    Option("key", "str", _THREAD, no_log=False, check=text(512)),
    #: The messages of a new thread, oldest first. A thread that exists is not compared with them; use
    #: M(threadworks.openai.openai_message) to add messages later.
    Option("messages", "list", _THREAD, wire="messages", elements="dict", options=MESSAGE),
    #: Up to 15 pairs to keep with the thread. Keys that start with V(ansible_) are the collection's own.
    Option("metadata", "dict", _THREAD, wire="metadata", check=pairs(1)),
    #: The files and vector stores of hosted tools, as on the Assistants wire.
    Option("tool_resources", "dict", (*_ASSISTANT, *_THREAD), wire="tool_resources"),
    #: Whether the thread exists. A thread goes with its messages and runs.
    Option("state", "str", _THREAD, choices=("present", "absent"), default="present"),
)
_OF_MESSAGES = (
    #: The thread, by its id or its key.
    Option("thread_id", "str", _MESSAGE, required=True, check=check_thread),
    #: The id of a message that exists.
    Option("message_id", "str", _MESSAGE, check=check_id),
    #: The name of the message for playbooks. With it, the same content can be on the thread more than once.
    #:
    #: With O(message_id), the message is given this key.
    Option("key", "str", _MESSAGE, no_log=False, check=text(512)),
    #: Who says it.
    Option("role", "str", _MESSAGE, wire="role", choices=("user", "assistant"), default="user"),
    #: What is said. A text, or a list of parts, each with a C(type) of V(text), V(image_url) or V(image_file), as on
    #: the Assistants wire.
    #:
    #: Required to create the message.
    Option("content", "raw", _MESSAGE, wire="content", check=check_content),
    #: Files for the tools of a new message.
    Option("attachments", "list", _MESSAGE, wire="attachments", elements="dict", options=ATTACHMENT),
    #: Up to 15 pairs to keep with the message. Keys that start with V(ansible_) are the collection's own.
    Option("metadata", "dict", _MESSAGE, wire="metadata", check=pairs(1)),
    #: Whether the message exists.
    Option("state", "str", _MESSAGE, choices=("present", "absent"), default="present"),
    #: Whether to wait while a run is active on the thread, and then create the message. If V(false), the task fails.
    #:
    #: The task does not wait for a run that waits for the outputs of its tool calls. It fails.
    Option("wait", "bool", _MESSAGE, default=True, version_added="0.2.0"),
    #: How long to wait for the active run, in seconds.
    Option("wait_timeout", "float", _MESSAGE, default=600, check=between(0.001), version_added="0.2.0"),
)
_OF_THE_LOCAL_RUNTIME = (
    #: Whether the local runtime of O(runtime_store) is running.
    #:
    #: V(started) starts it when it is not running, and replaces one that does not answer. With O(runtime_url) it does
    #: nothing, because a local runtime is not used.
    #:
    #: V(stopped) stops it. It accepts no new requests, finishes its queued and active runs, and ends. A task that
    #: needs it meanwhile starts another one.
    Option("state", "str", _STARTING, choices=("started", "stopped"), default="started"),
    #: With O(state=stopped), whether to stop every local runtime of this user on this machine, whatever its store is
    #: and whatever started it.
    Option("all", "bool", _STARTING, default=False),
    #: Whether to return all local runtimes of this user, whatever their stores, versions and network environments are.
    #: Without it, the one that would answer this task.
    Option("all", "bool", _DESCRIBING, default=False),
    #: With O(state=stopped), whether to end at once. Active and queued runs fail; the tasks that made them run them
    #: again when they are repeated.
    #:
    #: A process that does not answer is only stopped with O(force=true), which kills it.
    Option("force", "bool", _STARTING, default=False),
    #: With O(state=stopped), how long to wait for the end of the process, in seconds. The task fails when it takes
    #: longer; the runtime still ends after its runs.
    Option("wait_timeout", "float", _STARTING, default=600, check=between(0.001)),
)
RESOURCES = (*_OF_ASSISTANTS, *_OF_THREADS, *_OF_MESSAGES, *_OF_THE_LOCAL_RUNTIME)
