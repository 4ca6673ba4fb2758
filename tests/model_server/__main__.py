# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripted model server as a process of its own."""

from __future__ import annotations

import argparse
import os

from .server import ModelServer


def main() -> None:
    """Serve until killed; the port is written to a file once the server listens."""
    parser = argparse.ArgumentParser(description="A model server that answers by script.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", help="where to write the port")
    parser.add_argument("--api-key", help="the only key that is accepted")
    options = parser.parse_args()
    server = ModelServer(port=options.port, api_key=options.api_key)
    if options.port_file:
        # Renamed into place: who waits for the file never reads half a number.
        with open(f"{options.port_file}.new", "w", encoding="utf-8") as file:
            file.write(str(server.port))
        os.replace(f"{options.port_file}.new", options.port_file)
    server.serve()


if __name__ == "__main__":
    main()
