# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 6: files and vector stores of the model server.

from __future__ import annotations

from ._checks import check_files, check_id, pairs, text
from ._option import Option, between

_FILE, _STORE = ("openai_file",), ("openai_vector_store",)
_FILES, _STORES = ("openai_file_info",), ("openai_vector_store_info",)

_EXPIRY = (
    #: The time from which C(seconds) is counted.
    Option("anchor", "str", choices=("created_at",), default="created_at"),
    #: The lifetime of the file.
    Option("seconds", "int", required=True, check=between(3600, 2_592_000)),
)
_SIZES = (
    #: The maximum number of tokens in a part.
    Option("max_chunk_size_tokens", "int", no_log=False, required=True, check=between(100, 4096)),
    #: The number of tokens that a part shares with the one before, at most half of the maximum.
    Option("chunk_overlap_tokens", "int", no_log=False, required=True, check=between(0, 2048)),
)
_CHUNKING = (
    #: With V(auto), the model server decides.
    Option("type", "str", choices=("auto", "static"), required=True),
    #: The sizes. Required with V(static).
    Option("static", "dict", options=_SIZES),
)
_OF_FILES = (
    #: The file to upload. It is read on the control node, or on the task's host if the task runs there (see the
    #: attribute C(local_action)).
    #:
    #: On the control node, a relative path is searched for like those of M(ansible.builtin.copy): in the directory
    #: C(files) of the role or the playbook, and beside them.
    #:
    #: The file must not be empty, and must have at most 512 MiB. To upload several files, use a loop with the lookup
    #: P(ansible.builtin.fileglob#lookup), or M(threadworks.openai.openai_vector_store).
    Option("path", "path", _FILE),
    #: The content to upload, instead of a file. Requires O(filename).
    Option("content", "str", _FILE),
    #: The name of the file on the model server. It is shown in citations, and its extension determines the file type.
    #:
    #: The default is the name of the file in O(path).
    Option("filename", "str", _FILE, check=text(255)),
    #: The id of an existing file.
    Option("file_id", "str", _FILE, check=check_id),
    #: The purpose of the file, as in the Files API, such as V(assistants), V(user_data), V(batch) or V(vision). Which
    #: ones are supported depends on the model server.
    Option("purpose", "str", _FILE, default="assistants", check=text(64)),
    #: When a new file is deleted by the model server. Ignored if the file exists.
    Option(
        "expires_after",
        "dict",
        _FILE,
        options=_EXPIRY,
    ),
    #: The desired state of the file.
    #:
    #: V(absent) deletes the file O(file_id). Without O(file_id), it deletes all files that have the name and the
    #: purpose, with any content. The name is O(filename), or that of the file in O(path), which need not exist.
    Option("state", "str", _FILE, choices=("present", "absent"), default="present"),
)
_OF_FILE_LISTS = (
    #: The id of a file.
    Option("file_id", "str", _FILES, check=check_id),
    #: Return only files with this name.
    Option("filename", "str", _FILES, check=text(255)),
    #: Return only files with this purpose.
    Option("purpose", "str", _FILES, check=text(64)),
    #: The maximum number of files, at least 1.
    Option("limit", "int", _FILES, check=between(1)),
)
_OF_STORES = (
    #: The id of an existing vector store. Set it to change O(name).
    Option("vector_store_id", "str", _STORE, check=check_id),
    #: The name of the vector store. Without O(key) and O(vector_store_id), it identifies the vector store.
    Option("name", "str", _STORE, check=text(256)),
    #: A key in the metadata of the vector store. Tasks with the same key use the same vector store.
    Option("key", "str", _STORE, no_log=False, check=text(512)),
    #: The files of the vector store. Files that are not in this list are removed, unless O(purge_files=false). If not
    #: set, the files are not changed. Each item is
    #:
    #: a path, whose file is uploaded as with M(threadworks.openai.openai_file) if it is not yet on the model server,
    #:
    #: or the id of a file on the model server,
    #:
    #: or the name of a file on the model server, if no other file has this name,
    #:
    #: or a dictionary with one of the keys C(path), C(file_id) and C(filename), such as the registered result of
    #: M(threadworks.openai.openai_file). Its key C(attributes) can have up to 16 pairs that a search can filter by.
    #:
    #: A string with a C(/) is always a path.
    Option("files", "list", _STORE, elements="raw", check=check_files),
    #: Whether to remove files that are not in O(files) from the vector store.
    Option("purge_files", "bool", _STORE, default=True),
    #: Whether to also delete the files from the model server that are removed from the vector store, such as earlier
    #: versions of a changed file, and with O(state=absent) all files of the vector store.
    #:
    #: Do not use it if other vector stores or messages use these files.
    Option("delete_files", "bool", _STORE, default=False),
    #: How files are divided into the parts that a search returns, as in the Vector Stores API. C(type) is V(auto) or
    #: V(static).
    #:
    #: With V(static), files with other sizes are indexed again.
    Option(
        "chunking_strategy",
        "dict",
        _STORE,
        options=_CHUNKING,
        required_if=(("type", "static", ["static"]),),
    ),
    #: When the model server deletes the vector store. The files are not deleted. An expired vector store is replaced by
    #: a new one.
    #:
    #: V({}) removes the expiry.
    Option("expires_after", "dict", _STORE),
    #: Up to 15 metadata pairs of the vector store. Keys that start with V(ansible_) are reserved for the collection.
    Option("metadata", "dict", _STORE, check=pairs(1)),
    #: Whether to wait until the files are indexed. Until then, a search does not find them.
    Option("wait", "bool", _STORE, default=True),
    #: The maximum time to wait, in seconds.
    Option("wait_timeout", "float", _STORE, default=600, check=between(0.001)),
    #: The desired state of the vector store.
    Option("state", "str", _STORE, choices=("present", "absent"), default="present"),
)
_OF_STORE_LISTS = (
    #: The id of a vector store.
    Option("vector_store_id", "str", _STORES, check=check_id),
    #: Return only vector stores with this name.
    Option("name", "str", _STORES, check=text(256)),
    #: Return only vector stores with this key. The key is set by M(threadworks.openai.openai_vector_store).
    Option("key", "str", _STORES, no_log=False, check=text(512)),
    #: Return only vector stores with these metadata pairs.
    Option("metadata", "dict", _STORES, check=pairs(0)),
    #: The maximum number of vector stores, at least 1.
    Option("limit", "int", _STORES, check=between(1)),
    #: Whether to return the files of each vector store.
    Option("files", "bool", _STORES, default=False),
)
FILES = (*_OF_FILES, *_OF_FILE_LISTS, *_OF_STORES, *_OF_STORE_LISTS)
