# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stored data of clients: files, uploads and vector stores with search."""

from __future__ import annotations

import email
import email.policy
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .checks import Refused

Json = dict[str, Any]


class Hosted:
    """The files and vector stores of one server.

    Attributes:
        contents: The bytes of each file.
        polls: How many times the status of a new file in a vector store is ``in_progress`` when it is read.
    """

    def __init__(self, new_id: Callable[[str], str], *, keeps_content: bool = False) -> None:
        """Start without data.

        Args:
            new_id: Returns a new id with a prefix.
            keeps_content: Whether to refuse the content of files for assistants, as OpenAI does.
        """
        self._new_id = new_id
        self._keeps_content = keeps_content
        self.polls = 0
        self._polls_left: dict[tuple[str, str], int] = {}
        self.contents: dict[str, bytes] = {}
        self._files: dict[str, Json] = {}
        self._uploads: dict[str, Json] = {}
        self._stores: dict[str, Json] = {}
        self._members: dict[str, dict[str, Json]] = {}
        self._batches: dict[str, Json] = {}

    def answer(self, method: str, target: str, body: bytes, content_type: str) -> Json | bytes | None:
        """Answer a request.

        Args:
            method: The method.
            target: The path and the query.
            body: The body.
            content_type: The content type of the body.

        Returns:
            The answer, or ``None`` for other paths.

        Raises:
            Refused: the request names what does not exist.
        """
        url = urlsplit(target)
        for wanted, pattern, act in _ROUTES:
            found = re.fullmatch(pattern, url.path)
            if found and wanted == method:
                if content_type.startswith("multipart/"):
                    fields = _multipart(body, content_type)
                else:
                    fields = json.loads(body) if body else {}
                query = {name: values[-1] for name, values in parse_qs(url.query).items()}
                return act(self, {**query, **fields}, *found.groups())
        return None

    def search(self, store_ids: list[str], query: str) -> list[Json]:
        """Return the paragraphs of files in stores that share most words with a query, one of each file."""
        words = set(_words(query))
        results = []
        for file_id in dict.fromkeys(each for id in store_ids for each in self._searchable(id)):
            text = self.contents[file_id].decode(errors="replace")
            scored = [(len(words & set(_words(part))) / max(len(words), 1), part) for part in text.split("\n\n")]
            score, part = max(scored, key=lambda each: each[0])
            if score:
                name = self._files[file_id]["filename"]
                holders = [id for id in store_ids if file_id in self._members.get(id, {})]
                result = {"file_id": file_id, "filename": name, "score": score, "text": part.strip()}
                results.append({**result, "attributes": self._members[holders[0]][file_id]["attributes"]})
        return sorted(results, key=lambda result: -result["score"])

    def _searchable(self, id: str) -> list[str]:
        members = self._members.get(id, {}).values()
        return [each["id"] for each in members if each["status"] == "completed" and each["id"] in self.contents]

    def expire(self, id: str) -> None:
        """Let a vector store expire."""
        self._stores[id]["status"] = "expired"

    def has_stores(self, store_ids: list[str]) -> bool:
        """Return whether all of these vector stores exist."""
        return bool(store_ids) and all(id in self._stores for id in store_ids)

    def _create_file(self, fields: Json) -> Json:
        return self._keep_file(fields["file"]["name"], fields["file"]["content"], fields["purpose"])

    def _keep_file(self, name: str, content: bytes, purpose: str) -> Json:
        id = self._new_id("file")
        self.contents[id] = content
        made = {"object": "file", "bytes": len(content), "created_at": int(time.time()), "status": "processed"}
        self._files[id] = {"id": id, **made, "filename": name, "purpose": purpose}
        return self._files[id]

    def _list_files(self, query: Json) -> Json:
        wanted = query.get("purpose")
        return _list([file for file in self._files.values() if wanted in (None, file["purpose"])], query)

    def _file(self, _fields: Json, id: str) -> Json:
        return _get(self._files, id, "File")

    def _content(self, _fields: Json, id: str) -> bytes:
        purpose = self._file({}, id)["purpose"]
        if self._keeps_content and purpose in ("assistants", "user_data"):
            raise Refused(f"Not allowed to download files of purpose: {purpose}")
        return self.contents[id]

    def _delete_file(self, _fields: Json, id: str) -> Json:
        self._file({}, id)
        del self._files[id], self.contents[id]
        for members in self._members.values():
            members.pop(id, None)
        return {"id": id, "object": "file", "deleted": True}

    def _create_upload(self, fields: Json) -> Json:
        id = self._new_id("upload")
        times = {"created_at": int(time.time()), "expires_at": int(time.time()) + 3600}
        self._uploads[id] = {"id": id, "object": "upload", "status": "pending", **times, **fields, "parts": {}}
        return _without_parts(self._uploads[id])

    def _add_part(self, fields: Json, id: str) -> Json:
        part = self._new_id("part")
        _get(self._uploads, id, "Upload")["parts"][part] = fields["data"]["content"]
        return {"id": part, "object": "upload.part", "created_at": int(time.time()), "upload_id": id}

    def _complete(self, fields: Json, id: str) -> Json:
        upload = _get(self._uploads, id, "Upload")
        content = b"".join(upload["parts"][part] for part in fields["part_ids"])
        upload |= {"status": "completed", "file": self._keep_file(upload["filename"], content, upload["purpose"])}
        return _without_parts(upload)

    def _cancel_upload(self, _fields: Json, id: str) -> Json:
        upload = _get(self._uploads, id, "Upload")
        upload["status"] = "cancelled"
        return _without_parts(upload)

    def _create_store(self, fields: Json) -> Json:
        id = self._new_id("vs")
        self._members[id] = {}
        self._stores[id] = {
            "id": id,
            "object": "vector_store",
            "created_at": int(time.time()),
            "last_active_at": int(time.time()),
            "name": fields.get("name") or "",
            "metadata": fields.get("metadata") or {},
            **({"expires_after": fields["expires_after"]} if "expires_after" in fields else {}),
        }
        for file_id in fields.get("file_ids") or []:
            self._add_member({"file_id": file_id, "chunking_strategy": fields.get("chunking_strategy")}, id)
        return self._store({}, id)

    def _store(self, fields: Json, id: str) -> Json:
        store = _get(self._stores, id, "Vector store")
        store |= {name: fields[name] for name in ("name", "metadata", "expires_after") if name in fields}
        self._index(id)
        members = list(self._members[id].values())
        counts = _counts(members)
        size = sum(member["usage_bytes"] for member in members)
        status = "in_progress" if counts["in_progress"] else "completed"
        return {"status": status, **store, "file_counts": counts, "usage_bytes": size}

    def _index(self, id: str) -> None:
        """Continue to index the files of a vector store. This happens when their status is read."""
        for file_id, member in self._members[id].items():
            if member["status"] != "in_progress":
                continue
            left = self._polls_left[id, file_id]
            if left:
                self._polls_left[id, file_id] = left - 1
                continue
            error = _index_error(self.contents[file_id])
            member |= {"status": "failed" if error else "completed", "last_error": error}

    def _delete_store(self, _fields: Json, id: str) -> Json:
        _get(self._stores, id, "Vector store")
        del self._stores[id], self._members[id]
        return {"id": id, "object": "vector_store.deleted", "deleted": True}

    def _search(self, fields: Json, id: str) -> Json:
        _get(self._stores, id, "Vector store")
        results = [
            {**result, "content": [{"type": "text", "text": result.pop("text")}]}
            for result in self.search([id], fields["query"])
        ]
        page = {"object": "vector_store.search_results.page", "search_query": [fields["query"]]}
        return {**page, "data": results, "has_more": False, "next_page": None}

    def _add_member(self, fields: Json, id: str) -> Json:
        _get(self._stores, id, "Vector store")
        file = self._file({}, fields["file_id"])
        chunking = fields.get("chunking_strategy") or {"type": "auto"}
        if chunking["type"] == "auto":
            chunking = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}
        member = {"object": "vector_store.file", "created_at": int(time.time()), "status": "in_progress"}
        self._polls_left[id, file["id"]] = self.polls
        self._members[id][file["id"]] = {
            "id": file["id"],
            **member,
            "usage_bytes": file["bytes"],
            "vector_store_id": id,
            "last_error": None,
            "attributes": fields.get("attributes") or {},
            "chunking_strategy": chunking,
        }
        if not self.polls:
            self._index(id)
        return self._members[id][file["id"]]

    def _list_stores(self, query: Json) -> Json:
        return _list([self._store({}, id) for id in self._stores], query)

    def _list_members(self, query: Json, id: str) -> Json:
        _get(self._stores, id, "Vector store")
        self._index(id)
        wanted = query.get("filter")
        members = [each for each in self._members[id].values() if wanted in (None, each["status"])]
        return _list(members, query)

    def _member(self, fields: Json, id: str, file_id: str) -> Json:
        _get(self._stores, id, "Vector store")
        member = _get(self._members[id], file_id, "File")
        self._index(id)
        member |= {name: fields[name] for name in ("attributes",) if name in fields}
        return member

    def _member_content(self, _fields: Json, id: str, file_id: str) -> Json:
        self._member({}, id, file_id)
        text = self.contents[file_id].decode(errors="replace")
        page = {"object": "vector_store.file_content.page", "has_more": False, "next_page": None}
        return {**page, "data": [{"type": "text", "text": text}]}

    def _remove_member(self, _fields: Json, id: str, file_id: str) -> Json:
        self._member({}, id, file_id)
        del self._members[id][file_id]
        return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}

    def _create_batch(self, fields: Json, id: str) -> Json:
        files = fields.get("files") or [{**fields, "file_id": file_id} for file_id in fields["file_ids"]]
        for file in files:
            self._add_member(file, id)
        batch = {"id": self._new_id("vsfb"), "object": "vector_store.files_batch", "created_at": int(time.time())}
        self._batches[batch["id"]] = {**batch, "vector_store_id": id, "files": [file["file_id"] for file in files]}
        return self._batch({}, id, batch["id"])

    def _batch(self, _fields: Json, id: str, batch_id: str) -> Json:
        batch = _get(self._batches, batch_id, "File batch")
        self._index(id)
        counts = _counts([self._members[id][each] for each in batch["files"] if each in self._members[id]])
        shown = {name: value for name, value in batch.items() if name != "files"}
        return {**shown, "status": "in_progress" if counts["in_progress"] else "completed", "file_counts": counts}

    def _list_batch(self, query: Json, id: str, batch_id: str) -> Json:
        _get(self._batches, batch_id, "File batch")
        return self._list_members(query, id)


def _get(kept: dict[str, Json], id: str, noun: str) -> Json:
    if id not in kept:
        raise Refused(f"No such {noun} object: {id}", status=404)
    return kept[id]


def _list(data: list[Json], query: Json) -> Json:
    """Return a page of a list, in which the objects are in the order of their creation."""
    if query.get("order", "desc") == "desc":
        data.reverse()
    ids = [each["id"] for each in data]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    page = data[start : start + int(query.get("limit", 20))]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return {"object": "list", "data": page, **ends, "has_more": start + len(page) < len(data)}


def _counts(members: list[Json]) -> Json:
    states = ("completed", "in_progress", "failed", "cancelled")
    return {**{state: sum(each["status"] == state for each in members) for state in states}, "total": len(members)}


def _index_error(content: bytes) -> Json | None:
    """Return why a file cannot be searched, or None."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"code": "unsupported_file", "message": "The file type is not supported."}
    return None if text.strip() else {"code": "invalid_file", "message": "The file could not be parsed: it is empty."}


def _words(text: str) -> list[str]:
    """Return the words of a text that mean something."""
    return re.findall(r"\w{4,}", text.lower())


def _without_parts(upload: Json) -> Json:
    return {name: value for name, value in upload.items() if name != "parts"}


def _multipart(body: bytes, content_type: str) -> Json:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    fields: Json = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        file = part.get_filename()
        fields[name] = content.decode() if file is None else {"name": file, "content": content}
    return fields


_ID = r"/([\w-]+)"
_STORES = "/v1/vector_stores"
_ROUTES: list[tuple[str, str, Callable[..., Json | bytes]]] = [
    ("POST", "/v1/files", Hosted._create_file),
    ("GET", "/v1/files", Hosted._list_files),
    ("GET", f"/v1/files{_ID}", Hosted._file),
    ("DELETE", f"/v1/files{_ID}", Hosted._delete_file),
    ("GET", f"/v1/files{_ID}/content", Hosted._content),
    ("POST", "/v1/uploads", Hosted._create_upload),
    ("POST", f"/v1/uploads{_ID}/parts", Hosted._add_part),
    ("POST", f"/v1/uploads{_ID}/complete", Hosted._complete),
    ("POST", f"/v1/uploads{_ID}/cancel", Hosted._cancel_upload),
    ("POST", _STORES, Hosted._create_store),
    ("GET", _STORES, Hosted._list_stores),
    ("GET", f"{_STORES}{_ID}", Hosted._store),
    ("POST", f"{_STORES}{_ID}", Hosted._store),
    ("DELETE", f"{_STORES}{_ID}", Hosted._delete_store),
    ("POST", f"{_STORES}{_ID}/search", Hosted._search),
    ("POST", f"{_STORES}{_ID}/files", Hosted._add_member),
    ("GET", f"{_STORES}{_ID}/files", Hosted._list_members),
    ("GET", f"{_STORES}{_ID}/files{_ID}", Hosted._member),
    ("POST", f"{_STORES}{_ID}/files{_ID}", Hosted._member),
    ("DELETE", f"{_STORES}{_ID}/files{_ID}", Hosted._remove_member),
    ("GET", f"{_STORES}{_ID}/files{_ID}/content", Hosted._member_content),
    ("POST", f"{_STORES}{_ID}/file_batches", Hosted._create_batch),
    ("GET", f"{_STORES}{_ID}/file_batches{_ID}", Hosted._batch),
    ("POST", f"{_STORES}{_ID}/file_batches{_ID}/cancel", Hosted._batch),
    ("GET", f"{_STORES}{_ID}/file_batches{_ID}/files", Hosted._list_batch),
]
