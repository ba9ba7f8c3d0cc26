"""TLS contexts of the client, and the hash that SCRAM binds to.

`sslmode` says how much is checked: `require` nothing (it only hides), `verify-ca` the certificate's issuer, `verify-full` its name
too. The native protocol has no switch in mid-stream: a TLS connection begins with TLS, and the ALPN name says what follows.
"""

from __future__ import annotations

import hashlib
import ssl
from typing import Final

from rustydb.errors import InterfaceError
from rustydb.options import ConnectOptions, OptionError

ALPN: Final = "rustydb"


def client_context(options: ConnectOptions, mode: str) -> ssl.SSLContext:
    """Return the context for a mode other than `disable`; OptionError when a file cannot be used."""
    assert mode != "disable", "nothing to set up"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([ALPN])
    if mode == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.check_hostname = mode == "verify-full"
        _load(options.sslrootcert, context)
    if options.sslcert:
        try:
            context.load_cert_chain(options.sslcert, options.sslkey or None)
        except (OSError, ssl.SSLError) as error:
            raise OptionError(f"sslcert: cannot use {options.sslcert}: {error}") from None
    return context


def _load(path: str, context: ssl.SSLContext) -> None:
    if not path:
        context.load_default_certs()
        return
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise OptionError(f"sslrootcert: cannot use {path}: {error}") from None


def end_point(certificate: bytes | None) -> bytes | None:
    """Return tls-server-end-point of a certificate in DER (RFC 5929): its hash, by the hash of its signature.

    Certificates signed with MD5, SHA-1 or SHA-256 are hashed with SHA-256. Of the others the signature's hash must be known; None
    when it is not, and then nothing is bound.
    """
    if not certificate:
        return None
    name = _signature_hash(certificate)
    return hashlib.new(name, certificate).digest() if name else None


# OBJECT IDENTIFIERs of signature algorithms, in DER, and the hash that RFC 5929 4.1 asks for.
_HASHES: Final = {
    bytes.fromhex("06092a864886f70d010104"): "sha256",  # md5WithRSAEncryption
    bytes.fromhex("06092a864886f70d010105"): "sha256",  # sha1WithRSAEncryption
    bytes.fromhex("06092a864886f70d01010b"): "sha256",
    bytes.fromhex("06092a864886f70d01010c"): "sha384",
    bytes.fromhex("06092a864886f70d01010d"): "sha512",
    bytes.fromhex("06082a8648ce3d040302"): "sha256",  # ecdsa-with-SHA256
    bytes.fromhex("06082a8648ce3d040303"): "sha384",
    bytes.fromhex("06082a8648ce3d040304"): "sha512",
}


def _signature_hash(certificate: bytes) -> str | None:
    """Return the hash of a certificate's outer signatureAlgorithm: the second element of its SEQUENCE."""
    try:
        body, _ = _element(certificate, 0)
        _, after_tbs = _element(certificate, body)
        algorithm, _ = _element(certificate, after_tbs)
        _, end = _element(certificate, algorithm)
    except (IndexError, ValueError) as error:
        raise InterfaceError(f"the server's certificate is not DER: {error}") from None
    return _HASHES.get(certificate[algorithm:end])


def _element(data: bytes, position: int) -> tuple[int, int]:
    """Return where the content of the DER element at `position` begins, and where the element ends."""
    length = data[position + 1]
    start = position + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise ValueError("an element is longer than its certificate")
    return start, start + length
