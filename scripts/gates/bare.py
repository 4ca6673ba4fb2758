# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import all plugins and read all pages with only ansible-core installed: python bare.py TARBALL FOLDER."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

_NAME = "threadworks.openai"
_DOCUMENTED = ("module", "lookup", "callback", "filter", "test", "role")
_COMPLAINT = re.compile("WARNING|ERROR")
# ansible-core displays this for one of its own collections.
_OF_CORE = re.compile("_protomatter")
_IMPORT = """
import importlib, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def main() -> None:
    """Install ansible-core and the tarball into the folder, and run all checks."""
    tarball, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    programs = folder / "bin"
    core = f"ansible-core=={importlib.metadata.version('ansible-core')}"
    venv = Path(__file__).resolve().parents[1] / "venv"
    subprocess.run([venv, folder, core], env={**os.environ, "PYTHON": sys.executable}, check=True)
    collections = folder / "collections"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))},
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }

    def call(*command: str) -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        lines = done.stderr.splitlines()
        complaints = [line for line in lines if _COMPLAINT.search(line) and not _OF_CORE.search(line)]
        if done.returncode or complaints:
            sys.exit(f"{command[:4]}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    call("ansible-galaxy", "collection", "install", str(tarball), "--offline", "--force", "-p", str(collections))
    plugins = collections / "ansible_collections" / "threadworks" / "openai" / "plugins"
    files = [path.relative_to(collections) for path in plugins.rglob("*.py") if path.name != "__init__.py"]
    names = sorted(".".join(path.with_suffix("").parts) for path in files)
    call("python", "-c", _IMPORT, *names)
    pages = 0
    for kind in _DOCUMENTED:
        listed = sorted(json.loads(call("ansible-doc", "-t", kind, "-l", "-j", _NAME) or "{}"))
        pages += len(listed)
        if listed:
            call("ansible-doc", "-t", kind, *listed)
            call("ansible-doc", "-t", kind, "-j", *listed)
    print(f"{len(names)} plugins imported, {pages} pages read")
    if len(names) < len(list(plugins.rglob("openai_*.py"))) or not pages:
        sys.exit("Some plugins or all pages are missing.")


if __name__ == "__main__":
    main()
