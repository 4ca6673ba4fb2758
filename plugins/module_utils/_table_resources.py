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
    #: The id or the name of an existing assistant. Set it to change O(name).
    Option("assistant_id", "str", _ASSISTANT, check=check_assistant),
    #: The name of the assistant, up to 256 characters. If it starts with V(asst_), other tasks cannot use it in place
    #: of the id.
    Option("name", "str", _ASSISTANT, wire="name", check=text(256)),
    #: The model of the assistant. Required to create the assistant.
    Option("model", "str", _ASSISTANT, wire="model", check=text()),
    #: A description of the assistant, up to 512 characters.
    Option("description", "str", _ASSISTANT, wire="description", check=at_most(512)),
    #: The instructions for the model.
    Option("instructions", "str", _ASSISTANT, wire="instructions", check=at_most(256_000)),
    #: The tools that the model can use, at most 128. Each tool has a C(type) of V(function), V(code_interpreter) or
    #: V(file_search), as in the Assistants API.
    #:
    #: You can also use a JSON string, such as the content of a file.
    Option("tools", "list", _ASSISTANT, wire="tools", elements="dict", check=tools(128)),
    #: Up to 15 metadata pairs of the assistant. Keys that start with V(ansible_) are reserved for the collection.
    Option("metadata", "dict", _ASSISTANT, wire="metadata", check=pairs(1)),
    #: The desired state of the assistant.
    Option("state", "str", _ASSISTANT, choices=("present", "absent"), default="present"),
)
_OF_THREADS = (
    #: The id or the key of an existing thread.
    Option("thread_id", "str", _THREAD, check=check_thread),
    #: A name for the thread, such as V(ticket-4711). Tasks with the same key use the same thread. If it starts with
    #: V(thread_), other tasks cannot use it in place of the id.
    #:
    #: With O(thread_id), the key of the thread is set to this value.
    Option("key", "str", _THREAD, no_log=False, check=text(512)),
    #: The messages of a new thread, oldest first. They are ignored if the thread exists. To add messages later, use
    #: M(threadworks.openai.openai_message).
    Option("messages", "list", _THREAD, wire="messages", elements="dict", options=MESSAGE),
    #: Up to 15 metadata pairs of the thread. Keys that start with V(ansible_) are reserved for the collection.
    Option("metadata", "dict", _THREAD, wire="metadata", check=pairs(1)),
    #: The files and vector stores for hosted tools, as in the Assistants API. Vector stores can be specified by their
    #: names. The task fails if a new vector store does not exist on the model server.
    Option("tool_resources", "dict", (*_ASSISTANT, *_THREAD), wire="tool_resources"),
    #: The desired state of the thread. V(absent) also deletes its messages and runs.
    Option("state", "str", _THREAD, choices=("present", "absent"), default="present"),
)
_OF_MESSAGES = (
    #: The thread, specified by its id or its key.
    Option("thread_id", "str", _MESSAGE, required=True, check=check_thread),
    #: The id of an existing message.
    Option("message_id", "str", _MESSAGE, check=check_id),
    #: A name for the message. Messages with different keys can have the same content.
    #:
    #: With O(message_id), the key of the message is set to this value.
    Option("key", "str", _MESSAGE, no_log=False, check=text(512)),
    #: The author of the message.
    Option("role", "str", _MESSAGE, wire="role", choices=("user", "assistant"), default="user"),
    #: The content of the message. Either a string, or a list of parts, each with a C(type) of V(text), V(image_url) or
    #: V(image_file), as in the Assistants API.
    #:
    #: Required to create the message.
    Option("content", "raw", _MESSAGE, wire="content", check=check_content),
    #: Files for the tools of the assistant.
    Option("attachments", "list", _MESSAGE, wire="attachments", elements="dict", options=ATTACHMENT),
    #: Up to 15 metadata pairs of the message. Keys that start with V(ansible_) are reserved for the collection.
    Option("metadata", "dict", _MESSAGE, wire="metadata", check=pairs(1)),
    #: The desired state of the message.
    Option("state", "str", _MESSAGE, choices=("present", "absent"), default="present"),
    #: Whether to wait if a run is active on the thread, before the message is created. If V(false), the task fails
    #: instead.
    #:
    #: If the run requires tool outputs, the task does not wait, and fails.
    Option("wait", "bool", _MESSAGE, default=True, version_added="0.2.0"),
    #: The maximum time to wait for the active run, in seconds.
    Option("wait_timeout", "float", _MESSAGE, default=600, check=between(0.001), version_added="0.2.0"),
)
_OF_THE_LOCAL_RUNTIME = (
    #: The desired state of the local runtime for O(runtime_store).
    #:
    #: V(started) starts the local runtime if it is not running, and replaces it if it does not answer. With
    #: O(runtime_url), the task does nothing, because no local runtime is used.
    #:
    #: V(stopped) stops the local runtime. It accepts no new requests, finishes its queued and active runs, and exits.
    #: Tasks that need a local runtime in the meantime start another one.
    Option("state", "str", _STARTING, choices=("started", "stopped"), default="started"),
    #: With O(state=stopped), whether to stop all local runtimes of this user on this machine, including those for other
    #: stores.
    Option("all", "bool", _STARTING, default=False),
    #: Whether to return all local runtimes of this user, including those for other stores, versions and network
    #: environments. By default, only the local runtime that this task would use is returned.
    Option("all", "bool", _DESCRIBING, default=False),
    #: With O(state=stopped), whether to stop the local runtime immediately. Active and queued runs fail, and are
    #: repeated when you run their tasks again.
    #:
    #: A process that does not answer is only stopped with O(force=true). It is killed.
    Option("force", "bool", _STARTING, default=False),
    #: With O(state=stopped), the maximum time to wait until the process has exited, in seconds. If it takes longer, the
    #: task fails, and the local runtime exits after its runs.
    Option("wait_timeout", "float", _STARTING, default=600, check=between(0.001)),
)
RESOURCES = (*_OF_ASSISTANTS, *_OF_THREADS, *_OF_MESSAGES, *_OF_THE_LOCAL_RUNTIME)
