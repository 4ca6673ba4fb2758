# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates, SQL, paths and headers in all data that a model, a server or a client can send."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from chapter import Chapter, Options
from paths import ROOT
from payloads import Payloads
from poison import Poisoned
from stage import Stage, stage
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.playbook import Outcome
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Served, raw_client

Json = dict[str, Any]

_PLAYBOOK = Path(__file__).parents[1] / "plays" / "injections.yml"
_RENDERED = "{{ asked | to_nice_json }} {% for each in kept %}{{ each }}{% endfor %}\n"
_CRLF = "x\r\nX-Injected: yes\r\n\r\nGET /injected HTTP/1.1\r\n"
_SQL = (
    "' OR '1'='1",
    "'; DROP TABLE threads; --",
    "x' UNION SELECT sql FROM sqlite_master --",
    '" OR ""="',
    "%' OR 1=1 --",
    "1) OR (1=1",
    "x'||(SELECT hex(randomblob(9)))||'",
    "\\'; DELETE FROM runs; --",
    "%",
    "_",
    "*",
    "\x00",
    "\ud800",
)
_PATHS = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/healthz",
    "..;/healthz",
    "/etc/passwd",
    "%00",
    "thread_x%0d%0aX-Injected:%20yes",
    "....//....//etc/passwd",
    "%c0%ae%c0%ae/",
    "file:///etc/passwd",
)


def run(options: Options) -> Chapter:
    """Inject payloads. The long form does this with each ansible-core that `make matrix` has installed."""
    chapter = Chapter()
    pythons = {"this ansible-core": Path(sys.executable)}
    if not options.short:
        installed = sorted((ROOT / "build" / "matrix").glob("core-*/ready"))
        # One Python for each core. The newest is the last one.
        pythons |= {ready.parent.name.partition("-python")[0]: ready.parent / "bin" / "python" for ready in installed}
        if not installed:
            chapter.skipped.append("other versions of ansible-core: `make matrix` installs them")
    executed: list[str] = []
    failed: list[str] = []
    injected: list[str] = []
    sent = 0
    for name, python in pythons.items():
        with stage(options.folder / name.replace(" ", "-")) as here:
            attack = _Playbooks(here, python, options.short)
            executed += [f"{name}: payload {number}" for number in attack.templates()]
            sent += attack.sent
            failed += [f"{name}: {what}" for what in attack.failed]
            injected += [f"{name}: {what}" for what in attack.headers()]
    chapter.at_least("versions of ansible-core", len(pythons), 1)
    chapter.at_least("payloads sent", sent, 100 * len(pythons))
    chapter.none("executions", executed)
    chapter.none("playbooks that did not run to their end", failed)
    with stage(options.folder / "wire") as here:
        sql, paths, headers, log = _wire(here)
    chapter.none("SQL injections", sql)
    chapter.none("paths that reached something else", paths)
    chapter.none("headers injected", [*injected, *headers])
    chapter.none("lines of the log that are not what they should be", log)
    return chapter


class _Playbooks:
    """Playbooks of one ansible-core with a hostile model and a hostile server.

    Attributes:
        failed: The playbooks that did not complete.
        sent: The number of payloads that were sent to them.
    """

    def __init__(self, here: Stage, python: Path, short: bool) -> None:
        self.failed: list[str] = []
        self.sent = 0
        self._here, self._python, self._short = here, str(python), short
        self._skipped = ("--skip-tags", "slow") if short else ()
        self._folder = here.playbook.folder
        self._payloads = Payloads(self._folder / "executed")
        (self._folder / "injections.yml").write_text(_PLAYBOOK.read_text())
        (self._folder / "rendered.j2").write_text(_RENDERED)

    def templates(self) -> list[str]:
        """Send payloads from the model, and then from the server. Return those that were executed."""
        answers = self._answers()
        self._here.model.script([{"match": f"Send {name}.", "sticky": True, **answers[name]} for name in answers])
        questions = json.dumps({"questions": [f"Send {name}." for name in answers]})
        self._check(self._play("-e", questions))
        settings = Settings(
            store=str(self._folder / "served.db"),
            model=ModelOptions(base_url=self._here.model.base_url),
            executor="served",
        )
        poisoned = Poisoned(create_app(settings), self._payloads)
        with AppServer(poisoned) as server:
            poisoned.active = True
            url = json.dumps({"openai_runtime_url": server.url, "questions": ["Send a text."]})
            self._check(self._play("-e", url))
            poisoned.ids = True
            self._play("-e", url)
        self.sent = self._payloads.made
        return self._payloads.executed()

    def headers(self) -> list[str]:
        """Set options that would end a header. Return the requests to the model server with an additional header."""
        options = ("api_key", "organization", "project", "base_url", "runtime_url", "key")[: 2 if self._short else None]
        given = {name: {"option": _CRLF, "key": _CRLF if name == "key" else f"of {name}"} for name in options}
        # One play for each option. A failed task must not keep its host from the next play.
        text = "".join(
            "- hosts: localhost\n  gather_facts: false\n  ignore_errors: true\n  tasks:\n"
            "    - threadworks.openai.openai_assistant: {name: a, model: m}\n      register: assistant\n"
            "    - threadworks.openai.openai_thread_run:\n"
            "        assistant_id: '{{ assistant.assistant_id }}'\n"
            f"        key: '{{{{ given.{name}.key }}}}'\n"
            "        thread: {messages: [{content: Hello}]}\n"
            f"      vars: {{openai_{name}: '{{{{ given.{name}.option }}}}'}}\n"
            for name in options
        )
        outcome = self._here.playbook(text, "-e", json.dumps({"given": given}), python=self._python)
        if len(outcome.tasks) != 2 * len(options):
            self.failed.append(str(outcome)[-3000:])
        wrong = []
        for request in self._here.model.requests:
            names = [name.lower() for name in request["headers"]]
            if "x-injected" in names or "injected" in request["path"]:
                wrong.append(f"{request['path']} {request['headers']}")
        return wrong

    def _answers(self) -> dict[str, Json]:
        """Return the answers of the model."""
        new = self._payloads.all
        citation = {"type": "file_citation", "file_id": self._payloads.next(), "index": 0, "filename": new()}
        return {
            "a text": {"text": new(), "annotations": [citation]},
            "a refusal": {"refusal": new()},
            "a call": {"calls": [{"name": new(), "arguments": {new(): new()}, "call_id": self._payloads.next()}]},
            "a known call": {"calls": [{"name": "disk", "arguments": new()}]},
            "an error": {"status": 400, "error": {"message": new(), "code": new(), "type": new(), "param": new()}},
            "an error event": {"text": new(), "error": {"message": new(), "code": new()}},
            "a failure": {"failed": {"code": new(), "message": new()}},
            "a reason": {"text": new(), "incomplete": new()},
            "a header": {"status": 429, "error": {"message": new()}, "headers": {"X-Error": self._payloads.next()}},
        }

    def _play(self, *arguments: str) -> Outcome:
        # Values that could contain a template are displayed too.
        return self._here.playbook(
            self._folder / "injections.yml", "-vvv", "--diff", *self._skipped, *arguments, python=self._python
        )

    def _check(self, outcome: Outcome) -> None:
        if "Fail with it" not in outcome.results:
            self.failed.append(str(outcome)[-3000:])


def _wire(here: Stage) -> tuple[list[str], list[str], list[str], list[str]]:
    """Send SQL, paths and line breaks to a served runtime. Return the failures by kind."""
    store = str(here.playbook.folder / "runtime.db")
    with Served(store, here.model.base_url) as served, raw_client(served) as wire:
        made = [wire.post("/threads", json={"metadata": {"a": str(number)}}).json()["id"] for number in range(3)]
        sql, paths, headers = _sql(wire, made), [], []
        for path in _PATHS:
            for answer in (
                wire.get(f"/threads/{path}"),
                wire.get(f"/{path}"),
                wire.post(f"/threads/{path}/runs", json={}),
            ):
                if answer.status_code < 400:
                    paths.append(f"{path}: {answer.status_code}, {answer.text[:200]}")
                if "x-injected" in answer.headers:
                    headers.append(f"{path}: {answer.headers}")
        log = [line for line in served.log.splitlines() if not _is_entry(line)]
    return sql, paths, headers, log


def _sql(wire: httpx2.Client, made: list[str]) -> list[str]:
    wrong = []
    for payload in _SQL:
        text = quote(payload.encode("utf-8", "surrogatepass"))
        for path in (
            f"/threads?metadata[a]={text}",
            f"/threads?metadata[{text}]=1",
            f"/threads?after={text}",
            f"/threads?before={text}",
            f"/threads?order={text}",
            f"/threads?limit={text}",
            f"/threads/{text}",
            f"/threads/{made[0]}/messages/{text}",
            f"/threads/{made[0]}/runs/{text}",
        ):
            answer = wire.get(path)
            if answer.status_code >= 500 or (answer.status_code == 200 and answer.json().get("data")):
                wrong.append(f"{path}: {answer.status_code}, {answer.text[:200]}")
        body = {"metadata": {"note": payload}, "messages": [{"role": "user", "content": payload}]}
        answer = wire.post("/threads", content=json.dumps(body), headers={"Content-Type": "application/json"})
        if answer.status_code == 200:
            thread = answer.json()["id"]
            found = wire.get("/threads", params={"metadata[note]": payload}).json().get("data", [])
            text = wire.get(f"/threads/{thread}/messages").json()["data"][0]["content"][0]["text"]["value"]
            if [each["id"] for each in found] != [thread] or text != payload:
                wrong.append(f"what was stored is not found: {payload!r}")
            wire.delete(f"/threads/{thread}")
        elif answer.status_code != 400:
            wrong.append(f"{payload!r}: {answer.status_code}, {answer.text[:200]}")
    left = [each["id"] for each in wire.get("/threads?order=asc").json()["data"]]
    return wrong + ([] if left == made else [f"{left} are left of {made}"])


def _is_entry(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
