# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates in a folder, as OpenSSL prepares it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.authority import Authority
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    THING,
    Scripted,
    always,
    wire_to,
)


@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_a_folder_of_authorities(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    # OpenSSL finds a certificate in a folder by the hash of its subject.
    shutil.copy(authority.bundle, tmp_path / "ours.pem")
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    monkeypatch.setenv(variable, str(tmp_path))
    with Scripted(always(), tls=authority.server) as server:
        assert wire_to(server.url).get("threads", "x") == THING
