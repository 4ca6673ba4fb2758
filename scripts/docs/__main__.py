# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site from the guides in docs/ and from the documentation of the plugins: python scripts/docs.

The guides are Markdown files, which also work on GitHub. `docs/index.md` is the start page. Its lists of links are the
navigation. A guide that is not in one of its lists is a warning, and each warning is an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "docs"
SOURCE, SITE = BUILD / "source", BUILD / "site"
_CONFIGURATION = Path(__file__).resolve().parent
_FILES = "https://github.com/threadworks/threadworks.openai/blob/main/"
# Pages of the site that are not in docs/, and their names on the site.
_PAGES = {"README.md": "readme.md", "CHANGELOG.md": "changelog.md"}
# The last section of the navigation. The first two pages are generated.
_REFERENCE = [
    "Modules, plugins and roles <reference/index>",
    "Environment variables <reference/environment_variables>",
    "Collection README <readme>",
    "Release notes <changelog>",
]
_LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r"^- \[[^]]+\]\((\w+)\.md\)", re.MULTILINE)

# Parts of the generated pages: tables of contents, which the theme has, and the link to the guides.
_UNNEEDED = (
    re.compile(r"^\.\. contents::\n(?: +:.*\n)+", re.MULTILINE),
    re.compile(r"^Guides\n-+\n\n\.\. toctree::\n(?: +:.*\n)+\n +docsite/guides\n", re.MULTILINE),
)


def main() -> None:
    """Write the sources, and build the site without warnings."""
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.copytree(ROOT / "docs", SOURCE, ignore=shutil.ignore_patterns("docsite"))
    for path in (ROOT / "docs").glob("*.md"):
        (SOURCE / path.name).write_text(on_site(path))
    for name, page in _PAGES.items():
        (SOURCE / page).write_text(on_site(ROOT / name))
    start = (SOURCE / "index.md").read_text()
    (SOURCE / "index.md").write_text(start + _navigation(start))
    _write_reference()
    _run("sphinx-build", "-W", "--keep-going", "-q", "-c", str(_CONFIGURATION), str(SOURCE), str(SITE))
    print(f"{SITE}/index.html")


def on_site(path: Path) -> str:
    """Return a page, with links to other pages of the site, and to files on GitHub that are not on the site.

    Args:
        path: The file in the repository.

    Raises:
        SystemExit: A link leads to a file that does not exist.
    """

    def link(match: re.Match[str]) -> str:
        target = (path.parent / match[1]).resolve()
        if not target.exists():
            sys.exit(f"{path.relative_to(ROOT)}: the link {match[1]} leads nowhere.")
        name, anchor = target.relative_to(ROOT).as_posix(), match[2] or ""
        if name in _PAGES:
            return _PAGES[name] + anchor
        return name.removeprefix("docs/") + anchor if name.startswith("docs/") else _FILES + name

    return _LINK.sub(link, path.read_text())


def _navigation(start: str) -> str:
    """Return the navigation, which has the sections and links of the start page."""
    sections = {title: _ENTRY.findall(text) for title, text in _SECTION.findall(start)}
    trees = [_tree(title, names) for title, names in sections.items() if names]
    return "".join([*trees, _tree("Reference", _REFERENCE)])


def _tree(title: str, names: list[str]) -> str:
    pages = "\n".join(names)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"


def _write_reference() -> None:
    """Write the pages of the modules, plugins and roles."""
    reference = SOURCE / "reference"
    reference.mkdir()
    options = ("--use-current", "--squash-hierarchy", "--no-add-antsibull-docs-version", "--fail-on-error")
    _run("antsibull-docs", "collection", *options, "--dest-dir", str(reference), "threadworks.openai")
    # The page that leads to the guides from other sites.
    shutil.rmtree(reference / "docsite")
    for page in reference.glob("*.rst"):
        text = page.read_text()
        for part in _UNNEEDED:
            text = part.sub("", text)
        page.write_text(text)


def _run(*command: str) -> None:
    programs = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
        "ANSIBLE_HOME": str(BUILD / "ansible"),
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
