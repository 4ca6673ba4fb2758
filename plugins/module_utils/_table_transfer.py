# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 7: import and export. `wire` is a parameter of the query here.

from __future__ import annotations

from ._option import Option

_IMPORT, _EXPORT = ("openai_import",), ("openai_export",)

TRANSFER = (
    #: The path of a file or a directory on the control node. Relative paths are searched like those of
    #: M(ansible.builtin.copy).
    #:
    #: It can contain objects and list pages of the Assistants API, as JSON or as JSON lines, exports of
    #: M(threadworks.openai.openai_export), and exports in the format C(assistants-thread-export/v1).
    #:
    #: In a directory, all files that end in C(.json), C(.jsonl) or C(.ndjson) are read, also in its subdirectories.
    #: Symbolic links in it are refused.
    Option("src", "path", _IMPORT),
    #: The URL of a server of the Assistants API to import from, for example
    #: V(https://example.openai.azure.com/openai) or another runtime. Its assistants are imported, and the threads in
    #: O(source_threads).
    Option("source_url", "str", _IMPORT),
    #: The API key or token of the server at O(source_url). It can be set with the environment variable
    #: E(OPENAI_SOURCE_KEY).
    Option("source_api_key", "str", _IMPORT, env=("OPENAI_SOURCE_KEY",), no_log=True),
    #: The API version of the server at O(source_url). Azure requires it, for example V(2024-05-01-preview).
    Option("source_api_version", "str", _IMPORT),
    #: The ids of the threads to import from O(source_url).
    #:
    #: If not set, all threads are imported. This requires a server that can list threads, such as another runtime.
    #: The servers of OpenAI and Azure cannot.
    Option("source_threads", "list", _IMPORT, elements="str"),
    #: Whether to import runs and their steps from O(source_url). This takes one request for each run.
    Option("source_runs", "bool", _IMPORT, default=True),
    #: What to do with an object if the store has one with the same id and different content.
    #:
    #: V(fail) does not import its thread, and fails.
    #:
    #: V(keep) keeps the object of the store.
    #:
    #: V(replace) replaces it with the imported object.
    Option("on_conflict", "str", _IMPORT, wire="on_conflict", choices=("fail", "keep", "replace"), default="fail"),
    #: What to do with types of content and tools that the Assistants API of OpenAI does not have.
    #:
    #: V(fail) does not import their thread or assistant, and fails.
    #:
    #: V(convert) converts unknown content to text, and removes unknown tools from assistants. Both are listed in
    #: C(report.notes).
    Option("unknown", "str", _IMPORT, wire="unknown", choices=("fail", "convert"), default="fail"),
    #: What to do with the ids of files and vector stores, which are not imported.
    #:
    #: V(keep) keeps the ids. Use this if the model server has the files.
    #:
    #: V(text) replaces files in messages with text that describes them, and removes C(tool_resources) from assistants
    #: and threads. Use this if the files are gone, because a model server refuses a run whose messages have unknown
    #: files.
    Option("files", "str", _IMPORT, wire="files", choices=("keep", "text"), default="keep"),
    #: The path of the file to write on the control node. Relative paths are relative to the directory of the playbook.
    #:
    #: The file gets the mode 0600. It is only replaced if its content changes.
    Option("dest", "path", _EXPORT, required=True),
    #: The ids or the keys of the threads to export. If not set, all threads are exported.
    Option("thread_ids", "list", _EXPORT, elements="str"),
    #: Whether to export the assistants. The default is V(true) if O(thread_ids) is not set, and V(false) otherwise.
    Option("assistants", "bool", _EXPORT),
)
