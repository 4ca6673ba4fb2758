# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The texts of a page: what a model wrote becomes text and nothing else. Jinja2 escapes it; this file keeps control
# characters from hiding or reordering it, and finds the few marks of Markdown that a page shows.

from __future__ import annotations

import base64
import functools
import hashlib
import re
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).resolve().parent / "templates"
# Control characters, characters that change the writing direction, and halves of surrogate pairs.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FENCE = re.compile(r"^ {0,3}```+[^\n`]*\n(.*?)(?:^ {0,3}```+[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|^#{1,6} +([^\n]+)$", re.MULTILINE)
_KINDS = ("code", "strong", "heading")
LONGEST = 20_000


class Piece(t.NamedTuple):
    """A piece of a text. `kind` is text, code, strong, heading or block, a block of code."""

    kind: str
    text: str


def visible(text: str) -> str:
    """Return a text in which hidden characters are escape sequences."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\r\n", "\n"))


def pieces(text: str) -> list[Piece]:
    """Return the pieces of a text that may be Markdown."""
    found: list[Piece] = []
    end = 0
    for fence in _FENCE.finditer(text):
        found += _inline(text[end : fence.start()])
        found.append(Piece("block", fence[1].rstrip("\n")))
        end = fence.end()
    return found + _inline(text[end:])


def _inline(text: str) -> list[Piece]:
    found: list[Piece] = []
    text = text.strip("\n")
    end = 0
    for mark in _INLINE.finditer(text):
        if mark.start() > end:
            found.append(Piece("text", text[end : mark.start()]))
        found.append(Piece(_KINDS[(mark.lastindex or 1) - 1], mark[mark.lastindex or 1]))
        end = mark.end()
    return found + ([Piece("text", text[end:])] if text[end:] else [])


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return a text, or its beginning with a note about the rest."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}\n[cut: these are the first {longest:,} of {len(text):,} characters]"


def first_line(text: str, longest: int) -> str:
    """Return the beginning of a text as one line."""
    line = " ".join(text[: longest * 4].split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}\u2026"


def rendered(template: str, **values: t.Any) -> str:
    """Return a page from a template in `templates/`. All values are escaped."""
    return _environment().get_template(template).render(**values)


def style() -> tuple[str, str]:
    """Return the source of the style for the Content-Security-Policy, and the style itself, as markup."""
    from markupsafe import Markup

    text = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    # The style of the page needs no comments.
    text = re.sub(r"/\*.*?\*/\s*", "", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'", Markup(text)  # noqa: S704 - a file of this collection


@functools.cache
def _environment() -> Environment:
    # Imported where they are used: both come with ansible-core, but nothing of others is imported at module level.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_finalized,
    )
    environment.globals.update(pieces=pieces, shortened=shortened, br=Markup("<br>"))
    return environment


def _finalized(value: t.Any) -> t.Any:
    """Return an output of a template. Markup, which has the method, is the style and the output of macros."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
