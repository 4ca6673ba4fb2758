# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that galaxy-importer imports the tarball without a warning: python importer.py TARBALL."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

_SETTINGS = """\
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
OFFLINE_ANSIBLE_LINT = True
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
"""


def main() -> None:
    """Import the tarball, and fail if the importer displays a warning or an error."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "galaxy-importer.cfg"
        settings.write_text(_SETTINGS)
        done = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", Path(sys.argv[1]).resolve()],
            cwd=folder,
            env={**os.environ, "GALAXY_IMPORTER_CONFIG": str(settings)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout)
    complaints = [line for line in done.stdout.splitlines() if line.startswith(("CRITICAL", "ERROR", "WARNING"))]
    if done.returncode or complaints or "Importer processing completed successfully" not in done.stdout:
        sys.exit("galaxy-importer displays warnings or errors. See above.")


if __name__ == "__main__":
    main()
