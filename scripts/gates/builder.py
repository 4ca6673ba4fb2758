# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that ansible-builder finds the requirements in the tarball: python builder.py TARBALL."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml


def main() -> None:
    """Compare the requirements that ansible-builder finds with requirements.txt."""
    with tempfile.TemporaryDirectory() as folder:
        collection = Path(folder) / "ansible_collections" / "threadworks" / "openai"
        with tarfile.open(sys.argv[1]) as tarball:
            tarball.extractall(collection, filter="data")
        lines = (collection / "requirements.txt").read_text().splitlines()
        wanted = [line for line in lines if line and not line.startswith("#")]
        command = ["ansible-builder", "introspect", folder]
        found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    given = [line.partition(" ")[0] for line in yaml.safe_load(found)["python"]]
    if given != wanted:
        sys.exit(f"requirements.txt lists {wanted}, but ansible-builder finds {given}.")


if __name__ == "__main__":
    main()
