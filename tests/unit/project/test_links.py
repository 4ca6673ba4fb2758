# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links between the files of the repository, and the messages in the troubleshooting guide."""

from __future__ import annotations

import re

import pytest

from ansible_collections.threadworks.openai.tests.guides import GUIDES, ROOT

_PAGES = [*GUIDES, "CONTRIBUTING.md", "SECURITY.md", *map(str, sorted(ROOT.glob("roles/*/README.md")))]
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
# A message in a table. "..." stands for anything.
_MESSAGE = re.compile(r"^\| `([^`|]+ [^`|]+ [^`|]+)`", re.MULTILINE)
_JOINT = re.compile(r'"\s*\n\s*f?"')


@pytest.mark.parametrize("page", _PAGES)
def test_each_link_leads_to_a_file(page: str) -> None:
    path = ROOT / page
    missing = [link for link in _LINK.findall(path.read_text()) if not (path.parent / link).exists()]
    assert missing == []


def test_each_guide_is_on_the_start_page() -> None:
    """The site has only the guides that `docs/index.md` links to."""
    listed = _LINK.findall((ROOT / "docs" / "index.md").read_text())
    others = [guide for guide in GUIDES if guide not in ("README.md", "docs/index.md")]
    assert sorted(f"docs/{link}" for link in listed) == others


def test_each_message_in_the_troubleshooting_guide_exists() -> None:
    files = [*ROOT.glob("plugins/**/*.py"), *ROOT.glob("roles/**/*.py"), *ROOT.glob("roles/**/*.yml")]
    source = "\n".join(_JOINT.sub("", path.read_text()) for path in files)
    messages = _MESSAGE.findall((ROOT / "docs" / "troubleshooting.md").read_text())
    assert len(messages) > 5
    missing = [part for message in messages for part in re.split(r"\s*\.\.\.\s*", message) if part not in source]
    assert missing == []
