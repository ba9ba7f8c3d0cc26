"""The channel binding of a certificate: what SCRAM-SHA-256-PLUS mixes into its proof to notice a man in the middle.

`end_point_hash(der)` is the `tls-server-end-point` of RFC 5929 4.1: the hash of the server's certificate, made with the
hash function of the certificate's own signature, SHA-256 where that is MD5 or SHA-1. Only as much of the certificate is read
as names that function: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 4.1).

    openssl x509 -in server.crt -outform der | openssl dgst -sha256
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

# Object identifiers as their DER content, to the hash of the signatures that they name.
_RSA: Final = bytes.fromhex("2a864886f70d0101")
_ECDSA: Final = bytes.fromhex("2a8648ce3d0403")
_HASHES: Final[Mapping[bytes, str]] = {
    _RSA + b"\x04": "sha256",  # md5WithRSAEncryption
    _RSA + b"\x05": "sha256",  # sha1WithRSAEncryption
    _RSA + b"\x0b": "sha256",
    _RSA + b"\x0c": "sha384",
    _RSA + b"\x0d": "sha512",
    _RSA + b"\x0e": "sha224",
    bytes.fromhex("2a8648ce3d0401"): "sha256",  # ecdsa-with-SHA1
    _ECDSA + b"\x01": "sha224",
    _ECDSA + b"\x02": "sha256",
    _ECDSA + b"\x03": "sha384",
    _ECDSA + b"\x04": "sha512",
}
_RSA_PSS: Final = _RSA + b"\x0a"
_DIGESTS: Final[Mapping[bytes, str]] = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
    bytes.fromhex("608648016503040204"): "sha224",
}
_SEQUENCE: Final = 0x30
_OBJECT_IDENTIFIER: Final = 0x06
_HASH_ALGORITHM: Final = 0xA0
"""The first parameter of RSASSA-PSS (RFC 4055 3.1), whose default is SHA-1."""


def end_point_hash(der: bytes) -> bytes | None:
    """Return the tls-server-end-point of a certificate; None for a signature without one hash function (Ed25519), or no DER."""
    try:
        name = _hash_name(der)
    except (IndexError, ValueError):
        return None
    return hashlib.new(name, der).digest() if name else None


def _hash_name(der: bytes) -> str | None:
    certificate = _content(der, 0, _SEQUENCE)
    algorithm = _content(certificate, _end(certificate, 0), _SEQUENCE)
    identifier = _content(algorithm, 0, _OBJECT_IDENTIFIER)
    if identifier != _RSA_PSS:
        return _HASHES.get(identifier)
    start = _end(algorithm, 0)
    parameters = _content(algorithm, start, _SEQUENCE) if start < len(algorithm) else b""
    if not parameters or parameters[0] != _HASH_ALGORITHM:
        return "sha256"
    digest = _content(_content(parameters, 0, _HASH_ALGORITHM), 0, _SEQUENCE)
    return _DIGESTS.get(_content(digest, 0, _OBJECT_IDENTIFIER), "sha256")


def _span(data: bytes, position: int) -> tuple[int, int]:
    """Return where the content of the element at `position` begins and ends; ValueError when it is cut off."""
    length = data[position + 1]
    start = position + 2
    if length >= 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise ValueError("not a length of DER")
        start += size
        length = int.from_bytes(data[position + 2 : start], "big")
    if start + length > len(data):
        raise ValueError("an element is cut off")
    return start, start + length


def _content(data: bytes, position: int, tag: int) -> bytes:
    if data[position] != tag:
        raise ValueError(f"tag {data[position]} where {tag} belongs")
    start, end = _span(data, position)
    return data[start:end]


def _end(data: bytes, position: int) -> int:
    return _span(data, position)[1]
