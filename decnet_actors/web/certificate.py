"""This module gets the TLS certificate: from files, or self-signed and kept for the next start."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.web.settings import TlsMode, WebSettings

VALID_DAYS = 825  # the longest that browsers take from a certificate that was added by hand


def tls_context(settings: WebSettings, *, state: Path, names: Sequence[str], now: float) -> ssl.SSLContext | None:
    """Return what listeners use; ``None`` without TLS. Reads and writes files, so call it off the loop.

    Raises:
        OperatorError: DN1001, the files cannot be read.

    """
    if settings.tls is TlsMode.OFF:
        return None
    certificate, key = Path(settings.tls_certificate), Path(settings.tls_key)
    if settings.tls is TlsMode.SELF_SIGNED:
        certificate, key = state / "web-cert.pem", state / "web-key.pem"
        if not certificate.exists() or not key.exists():
            _write_pair(certificate, key, names, now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(
            CATALOGUE["DN1001"], f"{certificate} and {key} do not make a TLS certificate: {error}"
        ) from error
    return context


def _write_pair(certificate: Path, key: Path, names: Sequence[str], now: float) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    start = dt.datetime.fromtimestamp(now, dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0] if names else "localhost")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - dt.timedelta(hours=1))
        .not_valid_after(start + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
