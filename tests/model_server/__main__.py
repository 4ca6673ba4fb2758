# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripted model server as a separate process."""

from __future__ import annotations

import argparse
import os

from .server import ModelServer


def main() -> None:
    """Serve until killed. The port is written to a file when the server listens."""
    parser = argparse.ArgumentParser(description="A model server with scripted answers.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", help="where to write the port")
    parser.add_argument("--api-key", help="the only key that is accepted")
    options = parser.parse_args()
    server = ModelServer(port=options.port, api_key=options.api_key)
    if options.port_file:
        # The file is renamed, so that a reader never gets an incomplete number.
        with open(f"{options.port_file}.new", "w", encoding="utf-8") as file:
            file.write(str(server.port))
        os.replace(f"{options.port_file}.new", options.port_file)
    server.serve()


if __name__ == "__main__":
    main()
