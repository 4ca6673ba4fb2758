# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate authority for tests."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Authority:
    """A certificate authority, and a server certificate that it has issued.

    Attributes:
        bundle: The file with the certificate of the authority.
    """

    def __init__(self, folder: Path, name: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        self.bundle = folder / f"{name}.pem"
        keys = [ec.generate_private_key(ec.SECP256R1()) for _n in range(2)]
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        for who, key, is_authority in ((issuer, keys[0], True), (subject, keys[1], False)):
            certificate = (
                x509.CertificateBuilder(issuer, who, key.public_key(), x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=1))
                .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
                .add_extension(x509.SubjectAlternativeName(names), critical=False)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
            )
            if is_authority:
                usage = dict.fromkeys(
                    ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement"], False
                )
                certificate = certificate.add_extension(
                    x509.KeyUsage(
                        digital_signature=True,
                        key_cert_sign=True,
                        crl_sign=True,
                        encipher_only=False,
                        decipher_only=False,
                        **usage,
                    ),
                    critical=True,
                )
            signed = certificate.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            (self.bundle if is_authority else folder / f"{name}.crt").write_bytes(signed)
        (folder / f"{name}.key").write_bytes(
            keys[1].private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
