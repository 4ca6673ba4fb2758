# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the sessions of noxfile.py: python extra_checks.py FOLDER."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Not in requirements-dev.txt: nox needs a newer attrs than galaxy-importer allows.
_PACKAGE = "antsibull-nox==1.10.0"


def main() -> None:
    """Install antsibull-nox into the folder, and run its sessions without further environments."""
    folder = Path(sys.argv[1]).resolve()
    venv = Path(__file__).resolve().parents[1] / "venv"
    subprocess.run([venv, folder, _PACKAGE], env={**os.environ, "PYTHON": sys.executable}, check=True)
    command = [folder / "bin" / "nox", "--no-venv", "--envdir", folder / "sessions"]
    sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
