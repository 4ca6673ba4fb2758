# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack the served runtime, start or stop its process, or remove it. Print the result as JSON.

`service.py unpack HOME` creates HOME/lib from HOME/runtime.json. `service.py started|stopped HOME GRACE` starts or
stops the process. `service.py absent HOME GRACE` stops it and removes the program, but not the store. With `--check`,
these three only report what they would change.

HOME/service.json identifies the process by its id and its birth, so that another process with the same id is not
mistaken for it. It also contains a fingerprint of the program and its settings. HOME/started contains the fingerprint
with which systemd has last started its unit. `service.py mark HOME` writes it, after the start. If a playbook is
interrupted before, the next one restarts the service.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_READY = 120  # seconds until the process must be ready
# Everything but the store and the log. Earlier versions of the role have also created the second group. The last group
# shows whose directory this is, and is removed last, so that an interrupted removal can be continued.
_OWN = ("service.json", "runtime.json", "runtime.env")
_PROGRAM = ("lib", "venv", "started", *("requirements.txt", "service.txt", "service.py", "runtime.tar"), *_OWN)
# What HOME/lib contains if its creation has been interrupted, or if version 0.1.0 has created it.
_LIBRARY = {"threadworks_runtime", "requirements.txt", "service.txt", "ansible_collections"}


def _birth(pid: int) -> str | None:
    """Return the start time of a process, or None if it is not running. The time zone does not matter.

    The runtime has similar code in `owners.py`. This program cannot import it: the interpreter reads this program from
    its standard input. It also stops a runtime whose files are missing, and works without /proc.
    """
    if not os.path.exists("/proc/self/stat"):
        return _shown(pid, {"LC_ALL": "C", "TZ": "UTC0"})
    try:
        # The name in parentheses can contain spaces. The state is the first field after it, the start time the 20th.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _shown(pid: int, environment: dict[str, str]) -> str | None:
    """Return the start time of a process as `ps` shows it, or None if it is not running."""
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    return None if not shown or shown[0].startswith("Z") else " ".join(shown[1:])


def _is_alive(noted: dict) -> bool:
    """Return whether the process is running."""
    pid, birth = noted["pid"], noted["birth"] or "unknown"
    # Version 0.1.0 of the collection noted the local time, which contains spaces.
    return birth == _birth(pid) or (" " in birth and birth == _shown(pid, {}))


def _fingerprint(home: Path) -> str:
    """Return a hash of the program, its settings and the version of Python."""
    parts = [(home / name).read_bytes() for name in ("runtime.json", "runtime.env")]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode()])).hexdigest()


def _is_current(home: Path) -> bool:
    """Return whether systemd has started the unit with the present program and settings."""
    started = home / "started"
    return started.exists() and started.read_text() == _fingerprint(home)


def _mark(home: Path) -> None:
    """Record that systemd has started the unit with the present program and settings."""
    os.umask(0o077)
    (home / "started").write_text(_fingerprint(home))


def _running(home: Path) -> dict | None:
    try:
        noted = json.loads((home / "service.json").read_text())
    except PermissionError as error:
        sys.exit(f"{error.filename}: {error.strerror}. Become the user that the runtime was installed with.")
    except (OSError, ValueError):
        return None
    return noted if _is_alive(noted) else None


def _start(home: Path) -> None:
    lines = (home / "runtime.env").read_text(encoding="utf-8").split("\n")
    environment = dict(_setting(line) for line in lines if line)
    command = environment.get("RUNTIME_COMMAND", "serve")
    log = os.open(home / "runtime.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # It reports that it is ready, as it does to systemd. Another program could answer at its port.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reports:
        reports.bind(f"{folder}/reports")
        process = subprocess.Popen(
            # It waits until service.json identifies it. If this program is killed before, it ends.
            [
                *("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "sh"),
                *(home / "venv/bin/python", "-m", "threadworks_runtime", command),
            ],
            env={"PATH": os.environ.get("PATH", os.defpath), "NOTIFY_SOCKET": f"{folder}/reports", **environment},
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        noted = {"pid": process.pid, "birth": _birth(process.pid), "fingerprint": _fingerprint(home)}
        (home / "service.json").write_text(json.dumps(noted))
        with contextlib.suppress(BrokenPipeError), process.stdin as gate:
            gate.write(b"\n")
        if not _is_ready(process, reports):
            name = "worker" if command == "work" else "runtime"
            sys.exit(f"The {name} has not started. Its log is {home}/runtime.log.")


def _is_ready(process: subprocess.Popen, reports: socket.socket) -> bool:
    """Wait until the process is ready, and return whether it is."""
    end = time.monotonic() + _READY
    reports.settimeout(0.2)
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(socket.timeout):
            if reports.recv(100) == b"READY=1":
                return True
    return False


def _setting(line: str) -> tuple[str, str]:
    """Return the name and the value of a line in runtime.env. The value is JSON."""
    name, _equals, value = line.partition("=")
    return name, json.loads(value)


def _stop(noted: dict, grace: float) -> None:
    end = time.monotonic() + grace + 15
    # It can end by itself at any time.
    with contextlib.suppress(ProcessLookupError):
        os.kill(noted["pid"], signal.SIGTERM)
        while _is_alive(noted):
            if time.monotonic() > end:
                os.killpg(noted["pid"], signal.SIGKILL)
            time.sleep(0.1)


def _unpack(home: Path) -> bool:
    """Create HOME/lib from HOME/runtime.json unless it is up to date, and return whether it was created."""
    packed = home / "runtime.json"
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    unpacked = home / "lib" / ".unpacked"
    if unpacked.exists() and unpacked.read_text() == digest:
        return False
    if others := _others(home):
        sys.exit(f"{home}/lib contains other files: {', '.join(others)}. Set runtime_home to another directory.")
    # Only this user can read the files, as in HOME/lib, which the role has created.
    os.umask(0o077)
    shutil.rmtree(home / "lib", ignore_errors=True)
    for name, text in json.loads(packed.read_text()).items():
        path = home / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    unpacked.write_text(digest)
    return True


def _others(home: Path) -> list[str]:
    """Return the names of what HOME/lib contains if it is not of the runtime."""
    library = home / "lib"
    names = [] if (library / ".unpacked").exists() else [path.name for path in library.glob("*")]
    return sorted(name for name in names if name not in _LIBRARY)


def _libraries(home: Path) -> Path:
    """Return the file that exists if the required libraries have been installed for this Python."""
    files = [(home / "lib" / name).read_bytes() for name in ("requirements.txt", "service.txt")]
    digest = hashlib.sha256(b"\0".join([*files, sys.version.encode()])).hexdigest()
    return home / "venv" / f"installed-{digest}"


def _remove_other_python(home: Path) -> None:
    """Remove a virtual environment of another version of Python, so that it is created again.

    This is the case if `runtime_python` has changed, or if the operating system has been upgraded.
    """
    venv = home / "venv"
    version = "python{}.{}".format(*sys.version_info)
    if venv.exists() and not ((venv / "lib" / version).exists() and (venv / "bin" / "python").exists()):
        shutil.rmtree(venv)


def _remove(home: Path, check: bool) -> bool:
    """Remove the program, and return whether there was one. Check mode removes nothing."""
    if not any(os.path.lexists(home / name) for name in _OWN):
        return False
    found = [path for name in (_OWN if _others(home) else _PROGRAM) if os.path.lexists(path := home / name)]
    for path in () if check else found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return bool(found)


def _bring(state: str, home: Path, grace: float, check: bool) -> bool:
    """Bring the process into a state, and return whether anything changed. Check mode only returns it."""
    running, wanted = _running(home), state == "started"
    changed = bool(running) != wanted or (running is not None and running["fingerprint"] != _fingerprint(home))
    if changed and not check:
        if running:
            _stop(running, grace)
        if wanted:
            _start(home)
    return changed


def main() -> dict:
    """Do what the command line says, and return the result."""
    parser = argparse.ArgumentParser(prog="service.py")
    parser.add_argument("command", choices=["unpack", "started", "stopped", "absent", "mark"])
    parser.add_argument("home", type=Path)
    parser.add_argument("grace", type=float, nargs="?", default=0)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    if given.command == "unpack":
        changed = _unpack(given.home)
        libraries = _libraries(given.home)
        installed = libraries.exists()
        if not installed:
            _remove_other_python(given.home)
        current = _is_current(given.home)
        return {"changed": changed, "libraries": str(libraries), "installed": installed, "current": current}
    if given.command == "mark":
        _mark(given.home)
        return {"changed": False}
    changed = _bring(given.command, given.home, given.grace, given.check)
    if given.command == "absent":
        changed = _remove(given.home, given.check) or changed
    return {"changed": changed}


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
