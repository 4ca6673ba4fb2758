# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All servers at the same time, in a separate thread."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .kind import Kind, Server


@contextlib.contextmanager
def serving(kinds: Sequence[Kind], elsewhere: str, folder: Path) -> Iterator[dict[str, Server]]:
    """Serve kinds during the block.

    Args:
        kinds: The kinds that are not scripted.
        elsewhere: The URL of the server to which redirects lead.
        folder: The directory for the certificate.

    Yields:
        The servers by the names of their kinds.
    """
    tls = _unknown_certificate(folder)
    servers = {kind.name: Server(kind, tls, elsewhere) for kind in kinds}
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # it is not an error if the runtime disconnects
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def open_all() -> None:
        for server in servers.values():
            await server.open()

    asyncio.run_coroutine_threadsafe(open_all(), loop).result(60)
    try:
        yield servers
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)


def _unknown_certificate(folder: Path) -> ssl.SSLContext:
    """Return the settings of a TLS server with an untrusted certificate."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
