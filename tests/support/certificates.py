"""Certificates for tests, made when they are needed: an authority, servers, clients.

authority = Authority()
server = authority.issue("localhost", names=["localhost", "127.0.0.1"])
client = authority.issue("admin")
server.context(), client.client_context(authority)         for ssl in this process
paths = server.write(folder)                               files for other programs: .cert, .key; authority.write(folder)
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from rustydb_proto.tls import ServerContext
from rustydb_proto.tls_binding import end_point_hash

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
HOUR = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Files:
    """The paths of a certificate and its key."""

    certificate: str
    key: str


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    name: str
    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        """The certificate as bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def write(self, folder: Path, password: bytes | None = None) -> Files:
        """Write both as PEM files."""
        secret = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        certificate, key = folder / f"{self.name}.crt", folder / f"{self.name}.key"
        certificate.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        key.write_bytes(self.key.private_bytes(serialization.Encoding.PEM, form, secret))
        key.chmod(0o600)
        return Files(str(certificate), str(key))

    def load_into(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Give a context this certificate (the module ssl reads files only)."""
        with TemporaryDirectory() as folder:
            files = self.write(Path(folder))
            context.load_cert_chain(files.certificate, files.key)
        return context

    def context(
        self,
        authority: Authority | None = None,
        verify: ssl.VerifyMode = ssl.CERT_NONE,
        alpn: Sequence[str] = (),
        names: dict[str, ServerContext] | None = None,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        ciphers: frozenset[str] = frozenset(),
    ) -> ServerContext:
        """Return the context of a server with this certificate."""
        context = self.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        context.minimum_version = minimum
        if authority is not None:
            context.load_verify_locations(cadata=authority.pem)
            context.verify_mode = verify
        if alpn:
            context.set_alpn_protocols(alpn)
        return ServerContext(context, end_point_hash(self.der), names, ciphers)


class Authority:
    """Signs certificates."""

    def __init__(self, name: str = "test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.name = name.replace(" ", "_")
        self.certificate = self._sign(self._name, self._key.public_key(), [], True, hashes.SHA256(), HOUR)

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def write(self, folder: Path) -> str:
        """Write the authority's certificate; return the path."""
        path = folder / f"{self.name}.crt"
        path.write_text(self.pem)
        return str(path)

    def issue(
        self,
        common_name: str,
        names: Sequence[str] = (),
        key: Key | None = None,
        algorithm: hashes.HashAlgorithm | None = None,
        valid: datetime.timedelta = HOUR,
    ) -> Issued:
        """Return a certificate signed by this authority."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return Issued(
            common_name.replace("*", "_"),
            self._sign(subject, key.public_key(), names, False, algorithm or hashes.SHA256(), valid),
            key,
        )

    def self_signed(self, common_name: str, key: Key, algorithm: hashes.HashAlgorithm | None, pss: bool) -> bytes:
        """Return the bytes of a certificate that is signed with its own key."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = _builder(subject, subject, key.public_key(), HOUR)
        if pss:
            from cryptography.hazmat.primitives.asymmetric import padding

            assert algorithm is not None
            scheme = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
            signed = builder.sign(key, algorithm, rsa_padding=scheme)  # type: ignore[arg-type]  # of the right kind
        else:
            signed = builder.sign(key, algorithm)  # type: ignore[arg-type]  # None for Ed25519
        return signed.public_bytes(serialization.Encoding.DER)

    def _sign(
        self,
        subject: x509.Name,
        public: PublicKey,
        names: Sequence[str],
        authority: bool,
        algorithm: hashes.HashAlgorithm,
        valid: datetime.timedelta,
    ) -> x509.Certificate:
        builder = _builder(subject, self._name, public, valid)
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        # Python 3.13 verifies strictly (RFC 5280): an authority says what it signs, and each certificate whose key it and its issuer have.
        issuer = self._key.public_key()
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        if authority:
            builder = builder.add_extension(_SIGNS, critical=True)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_name(name) for name in names]), critical=False
            )
        return builder.sign(self._key, algorithm)  # type: ignore[arg-type]  # one of those allowed


def _builder(
    subject: x509.Name, issuer: x509.Name, public: object, valid: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)  # type: ignore[arg-type]  # a public key
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * HOUR)
        .not_valid_after(now + valid)
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def client_context(authority: Authority, certificate: Issued | None = None, alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """Return a client's context that trusts the authority."""
    context = ssl.create_default_context(cadata=authority.pem)
    if certificate is not None:
        certificate.load_into(context)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
