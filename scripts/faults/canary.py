# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret, and the search for it in texts, files and information about processes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
from pathlib import Path
from urllib.parse import quote

_PAUSE = 0.05


class Canary:
    """A secret, in all the forms in which it can appear.

    Attributes:
        value: The secret. It does not look like an OpenAI key, and it has characters that JSON, YAML, URLs and shells
            write in other ways.
    """

    def __init__(self, name: str) -> None:
        self.value = f"{name}-CaNaRy+/=%&'#"
        shapes = {
            self.value,
            json.dumps(self.value)[1:-1],
            quote(self.value),
            quote(self.value, safe=""),
            # Its middle part is enough to recognize it.
            f"{name}-CaNaRy",
            base64.b64encode(self.value.encode())[4:-4].decode(),
            self.value.encode().hex(),
        }
        self._shapes = [shape.encode() for shape in shapes]

    def is_in(self, text: bytes | str) -> bool:
        """Return whether a text contains it in any form."""
        raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        return any(shape in raw for shape in self._shapes)

    def files(self, folder: Path, given: set[Path]) -> list[str]:
        """Return the files of a directory that contain the secret in their text or name.

        Args:
            folder: The directory.
            given: The files in which the user has written the secret. They are excluded.
        """
        found = []
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                if self.is_in(str(path)) or (path.is_file() and path not in given and self.is_in(path.read_bytes())):
                    found.append(str(path.relative_to(folder)))
        return found


class Watch:
    """Searches all processes of the machine repeatedly during the block.

    Attributes:
        commands: The command lines that contain the secret.
        environments: The command lines of processes whose environment contains the secret.
        seen: The number of processes that were searched.
    """

    def __init__(self, canary: Canary) -> None:
        self.commands: set[str] = set()
        self.environments: set[str] = set()
        self.seen = 0
        self._canary, self._known = canary, set[tuple[str, bytes]]()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PAUSE):
            for process in filter(str.isdecimal, os.listdir("/proc")):
                with contextlib.suppress(OSError):
                    self._look(process)

    def _look(self, process: str) -> None:
        command = _read(f"/proc/{process}/cmdline")
        if (process, command) in self._known:
            return
        self._known.add((process, command))
        self.seen += 1
        shown = command.replace(b"\0", b" ").decode(errors="replace")[:300]
        if self._canary.is_in(command):
            self.commands.add(shown)
        if self._canary.is_in(_read(f"/proc/{process}/environ")):
            self.environments.add(shown)


def _read(path: str) -> bytes:
    """Return the content of a file. This is called thousands of times per second."""
    with open(path, "rb", buffering=0) as file:
        return file.read()
