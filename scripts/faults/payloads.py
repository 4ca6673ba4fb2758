# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that run a command if they are used as a template, a shell command or code."""

from __future__ import annotations

from pathlib import Path


class Payloads:
    """Payloads, each of which creates its own file if it is executed.

    Attributes:
        folder: The directory for the files.
        made: The number of payloads.
    """

    _SHAPES = (
        "{{{{ lookup('ansible.builtin.pipe', 'touch {file}') }}}}",
        "{{% set x = lookup('pipe', 'touch {file}') %}}{{{{ x }}}}",
        "{{{{ cycler.__init__.__globals__.os.popen('touch {file}').read() }}}}",
        "$(touch {file})",
        "`touch {file}`",
        "'; touch {file}; '",
        "__import__('os').system('touch {file}')",
        "!unsafe {{{{ lookup('pipe', 'touch {file}') }}}}",
        "!!python/object/apply:os.system ['touch {file}']",
        "lookup('pipe', 'touch {file}')",
    )

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.made = 0

    def next(self) -> str:
        """Return a new payload, with the next shape."""
        self.made += 1
        shape = self._SHAPES[self.made % len(self._SHAPES)]
        return shape.format(file=self.folder / str(self.made))

    def all(self) -> str:
        """Return a text with a payload of each shape."""
        return " ".join(self.next() for _shape in self._SHAPES)

    def executed(self) -> list[str]:
        """Return the names of the payloads that were executed."""
        return sorted(path.name for path in self.folder.iterdir())
