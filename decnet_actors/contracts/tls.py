"""This module gives decoy services what they need for TLS: a certificate of the persona's own, and a server's context.

A service keeps the certificate in its vault, so that it stays the same; see ``plugins/decoy/ftp/service.py``.
"""

import os
import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from decnet_actors.domain.persona import Persona

_BITS = 2048
_LIFE = timedelta(days=3650)  # Debian's ssl-cert, make-ssl-cert
_EXPONENT = 65_537


def make_certificate(persona: Persona) -> bytes:
    """Return a new key and a certificate signed with it, as PEM: what Debian's ``ssl-cert`` makes at installation.

    Takes a tenth of a second or more: not for the loop.
    """
    name = f"{persona.hostname}.{persona.domain}" if persona.domain else persona.hostname
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = datetime.fromtimestamp(int(persona.installed_at), UTC)
    key = rsa.generate_private_key(_EXPONENT, _BITS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made)
        .not_valid_after(made + _LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def server_context(pem: bytes) -> ssl.SSLContext:
    """Return the context of a server with this key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    memory = os.memfd_create("certificate", os.MFD_CLOEXEC)  # OpenSSL reads files only, and no key is to be in one
    try:
        with os.fdopen(os.dup(memory), "wb") as file:
            file.write(pem)
        context.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
    return context
