# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files and playbooks in the README and in the guides."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(?:yaml|ini)\n(?:# (\S+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(guide: str) -> list[tuple[str, str]]:
    """Return the YAML and INI examples of a guide, each with the file name in its first line, or with "".

    Args:
        guide: The path of the guide in the repository.
    """
    return _BLOCK.findall((ROOT / guide).read_text())
