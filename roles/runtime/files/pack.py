# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack the runtime's Python files: `pack.py FOLDER` prints the path of a tar file. The same files give the same one."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path


def main(folder: Path) -> None:
    """Write `folder`, as `runtime`, to a tar file in the temporary folder, named by its content; print its path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(folder.resolve().rglob("*.py")):
            member = tarfile.TarInfo(str(Path("runtime") / path.relative_to(folder.resolve())))
            content = path.read_bytes()
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    # In a folder that only we can write to: nobody else can put another file in its place.
    home = Path(tempfile.gettempdir()) / f"openai-runtime-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        sys.exit(f"{home} belongs to somebody else.")
    packed = home / f"{digest[:16]}.tar"
    packed.write_bytes(buffer.getvalue())
    print(packed, end="")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
