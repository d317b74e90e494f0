"""A syslog receiver over TLS in this process: what a SIEM's door does, and nothing behind it.

It reads frames by their length (RFC 5425, 4.3), hands on what they hold, and answers ``close_notify`` when it
has read everything. Its certificate and the one of its clients are made for the occasion.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SECONDS = 30.0
_READ = 1 << 16


@dataclass(frozen=True, slots=True)
class Papers:
    """Files (PEM): who vouches, and for each side a certificate with its key."""

    ca: Path
    server: Path
    client: Path


def papers(folder: Path, host: str = "localhost") -> Papers:
    """Make an authority, and certificates for a server of this name and for a client."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("receiver's authority")
    authority = _certificate(name, name, key.public_key(), host="").add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    _write(folder / "ca.pem", [authority.sign(key, hashes.SHA256())])
    for side in ("server", "client"):
        own = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(_name(side), name, own.public_key(), host if side == "server" else "")
        _write(folder / f"{side}.pem", [made.sign(key, hashes.SHA256())], own)
    return Papers(folder / "ca.pem", folder / "server.pem", folder / "client.pem")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, host: str
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    return (
        made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        if host
        else made
    )


def _write(
    path: Path, certificates: list[x509.Certificate], key: ec.EllipticCurvePrivateKey | None = None
) -> None:
    pem = serialization.Encoding.PEM
    parts = [certificate.public_bytes(pem) for certificate in certificates]
    if key is not None:
        plain = serialization.NoEncryption()
        parts.append(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    path.write_bytes(b"".join(parts))
    path.chmod(0o600)


class Receiver:
    """Listens on a free port of this machine. ``take`` is given each message; what it raises breaks the
    connection, as a receiver that dies does."""

    def __init__(
        self, papers: Papers, take: Callable[[bytes], None], *, ask_client: bool = False, port: int = 0
    ) -> None:
        self._take = take
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_cert_chain(papers.server)
        if ask_client:
            self._context.load_verify_locations(papers.ca)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, name="receiver", daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # Closing alone would leave the thread waiting in it.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(plain,), name="receiver's line", daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        plain.settimeout(_SECONDS)
        with plain, suppress(OSError, ConnectionError, ValueError):
            line = self._context.wrap_socket(plain, server_side=True)
            with line:
                self._read(line)
                line.unwrap()

    def _read(self, line: ssl.SSLSocket) -> None:
        """Every message until the other side ends; what is no frame breaks the connection."""
        held = b""
        while part := line.recv(_READ):
            held += part
            while (space := held.find(b" ")) > 0:
                end = space + 1 + int(held[:space])
                if len(held) < end:
                    break
                self._take(held[space + 1 : end])
                held = held[end:]
        if held:
            raise ValueError
