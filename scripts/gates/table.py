# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gates of this collection: the name of each gate, its package and its command."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "gates"
COLLECTIONS = ROOT / "build" / "collections"
TARBALL = BUILD / "collection.tar.gz"
_HERE = Path(__file__).resolve().parent
_RUNTIME = ROOT / "roles" / "runtime" / "files"
_CONFIG = ("--config-file", str(ROOT / "pyproject.toml"))
_TEXT_SUFFIXES = (".cfg", ".in", ".md", ".py", ".rst", ".toml", ".yaml", ".yml")


@dataclasses.dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        name: The name in the summary.
        package: The Python package whose version is displayed.
        command: The program and its arguments.
        folder: The working directory.
        is_long: Whether it takes minutes. If so, it starts before the others.
        venv: The virtual environment of the package, or ``None`` for the one of this program.
    """

    name: str
    package: str
    command: tuple[str, ...]
    folder: Path = ROOT
    is_long: bool = False
    venv: Path | None = None

    def version(self) -> str:
        """Return the version of the package, or ``?`` if it is not installed."""
        places = {"path": [str(path) for path in self.venv.glob("lib/python3*/site-packages")]} if self.venv else {}
        found = importlib.metadata.distributions(name=self.package, **places)
        return next((each.version for each in found), "?")


def _python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(_HERE / script), *arguments)


def _texts() -> tuple[str, ...]:
    """Return the files whose spelling is checked."""
    folders = (".github", "changelogs", "docs", "meta", "playbooks", "plugins", "roles", "scripts", "tests")
    files = [path for path in ROOT.iterdir() if path.is_file() and path.name != "requirements-dev.txt"]
    files += [path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    return tuple(sorted(str(path.relative_to(ROOT)) for path in files if path.suffix in _TEXT_SUFFIXES))


def lint() -> list[Gate]:
    """Return the gates that check the sources."""
    return [
        Gate("ansible-lint (production)", "ansible-lint", ("ansible-lint", "--offline", "--profile", "production")),
        Gate("mypy: plugins", "mypy", ("mypy", "-p", "ansible_collections.threadworks.openai.plugins")),
        Gate(
            "mypy: runtime",
            "mypy",
            ("mypy", *_CONFIG, "-p", "threadworks_runtime"),
            _RUNTIME,
        ),
        *(
            Gate(
                f"mypy: scripts/{name}", "mypy", ("mypy", *_CONFIG, "--follow-imports=silent", "."), _HERE.parent / name
            )
            for name in ("bench", "docs", "faults", "mutation")
        ),
        Gate("ruff check", "ruff", ("ruff", "check")),
        Gate("ruff format", "ruff", ("ruff", "format", "--check")),
        Gate("vulture", "vulture", ("vulture",)),
        Gate("vulture: without tests", "vulture", ("vulture", "plugins", "roles")),
        Gate("yamllint", "yamllint", ("yamllint", "--strict", ".")),
        Gate("codespell", "codespell", ("codespell", *_texts())),
        Gate("reuse", "reuse", ("reuse", "lint", "--quiet")),
        Gate("antsibull-changelog lint", "antsibull-changelog", ("antsibull-changelog", "lint")),
        Gate(
            "antsibull-nox extra-checks",
            "antsibull-nox",
            _python("extra_checks.py", str(BUILD / "nox")),
            venv=BUILD / "nox",
        ),
    ]


def collection() -> list[Gate]:
    """Return the gates that check the tarball of the collection."""
    return [
        Gate("tarball: only what users need", "ansible-core", _python("tarball.py", str(TARBALL))),
        Gate("galaxy-importer", "galaxy-importer", _python("importer.py", str(TARBALL))),
        Gate("plugins and pages, bare core", "ansible-core", _python("bare.py", str(TARBALL), str(BUILD / "bare"))),
        Gate("ansible-builder introspect", "ansible-builder", _python("builder.py", str(TARBALL))),
        Gate(
            "antsibull-docs lint",
            "antsibull-docs",
            ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."),
        ),
        Gate("documentation site", "sphinx", (sys.executable, str(_HERE.parent / "docs"))),
    ]


def sanity() -> list[Gate]:
    """Return the gates for Ansible's sanity tests, with the newest and the oldest supported ansible-core."""
    command = (str(ROOT / "scripts" / "sanity"),)
    return [
        Gate("ansible-test sanity", "ansible-core", command, is_long=True),
        Gate(
            "ansible-test sanity, core 2.16",
            "ansible-core",
            ("env", "CORE=2.16", *command),
            is_long=True,
            venv=ROOT / "build" / "core-2.16",
        ),
    ]


GROUPS = {"lint": lint, "collection": collection, "sanity": sanity}
