"""The server's side of TLS from files: certificate, key, authority, and which versions and ciphers are allowed.

    context = server_context(options)       None without --tls-cert; CertificateError names the file and what is wrong with it

The rules are PostgreSQL's where it has them: a key that others can read is refused, no session tickets are given. A SIGHUP
calls this again, so that a renewed certificate is used by new connections; an error then leaves the old one in place.

Ciphers are named as OpenSSL or the standard names them. Python before 3.15 cannot tell OpenSSL which suites of TLS 1.3 to take,
only look at what was negotiated; a list of them must therefore have the one that OpenSSL prefers.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn

from rustydb_engine.node.fronts import ALPN
from rustydb_host.options import Options
from rustydb_proto.tls import ServerContext
from rustydb_proto.tls_binding import end_point_hash

VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
VERIFY: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
SUITES: Final = (
    "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256",
    "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256",
)  # fmt: skip
"""The suites of TLS 1.3 (RFC 8446 B.4), in OpenSSL's order."""
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class CertificateError(Exception):
    """A file or a list of ciphers that cannot be used; the message names it."""


def server_context(options: Options) -> ServerContext | None:
    """Return what encrypts the connections of a server; None when it has no TLS."""
    certificate = options.tls_cert
    if certificate is None or options.enable_tls is False:
        return None
    names: dict[str, ServerContext] = {}
    for one in options.tls_name:
        name, _, file = one.partition("=")
        names[name.lower()] = _context_of(options, file, file, {})
    return _context_of(options, certificate, options.tls_key or certificate, names)


def _context_of(options: Options, certificate: str, key: str, names: Mapping[str, ServerContext]) -> ServerContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    context.num_tickets = 0
    context.minimum_version = VERSIONS[options.tls_min_version]
    _refuse_open_key(key)
    der = _first_certificate(certificate)
    try:
        context.load_cert_chain(certificate, key, password=_no_password(key))
    except (ssl.SSLError, OSError) as error:
        raise CertificateError(f"cannot use certificate {certificate} with key {key}: {_words(error)}") from None
    if options.tls_ca is not None:
        try:
            context.load_verify_locations(options.tls_ca)
        except (ssl.SSLError, OSError) as error:
            raise CertificateError(
                f"cannot use the certificates of authorities in {options.tls_ca}: {_words(error)}"
            ) from None
        context.verify_mode = VERIFY[options.tls_client_auth]
    ciphers = _choose_ciphers(context, options.tls_ciphers) if options.tls_ciphers else frozenset()
    context.set_alpn_protocols(ALPN)
    return ServerContext(context, end_point_hash(der), names, ciphers)


def _refuse_open_key(path: str) -> None:
    """PostgreSQL's rule: u=rw (0600), or u=rw,g=r (0640) for a key that belongs to root."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise CertificateError(f"cannot read key {path}: {error.strerror}") from None
    if os.name != "posix":
        return
    allowed = 0o640 if found.st_uid == 0 else 0o600
    if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o777 & ~allowed & 0o077:
        raise CertificateError(
            f"key {path} can be read or written by others (mode {stat.S_IMODE(found.st_mode):04o}): chmod 600 it"
        )


def _first_certificate(path: str) -> bytes:
    """Return the server's own certificate, which comes before those of its authorities."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            found = _CERTIFICATE.search(file.read())
    except OSError as error:
        raise CertificateError(f"cannot read certificate {path}: {error.strerror}") from None
    if found is None:
        raise CertificateError(f"no certificate is in {path}: it must be in PEM form")
    try:
        return ssl.PEM_cert_to_DER_cert(found[0] + "\n")
    except ValueError as error:
        raise CertificateError(f"cannot read certificate {path}: {error}") from None


def _no_password(path: str) -> Callable[[], str]:
    def refuse() -> NoReturn:
        raise CertificateError(f"key {path} is encrypted: a server that starts alone cannot ask for its password")

    return refuse


def _choose_ciphers(context: ssl.SSLContext, names: Iterable[str]) -> frozenset[str]:
    """Restrict a context to these ciphers; return those that a handshake may end with."""
    chosen = list(dict.fromkeys(names))
    suites = [name for name in chosen if name in SUITES]
    older = [name for name in chosen if name not in SUITES]
    if not suites:
        if context.minimum_version is ssl.TLSVersion.TLSv1_3:
            raise CertificateError(f"no cipher of TLS 1.3 in {','.join(chosen)}: known are {', '.join(SUITES[:3])}")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    elif not older:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    if older:
        _choose_older(context, older)
    if suites:
        _choose_suites(context, suites)
    allowed = (
        {str(cipher["name"]) for cipher in context.get_ciphers() if cipher["name"] not in SUITES} if older else set()
    )
    return frozenset(allowed | set(suites))


def _choose_older(context: ssl.SSLContext, names: list[str]) -> None:
    for name in names:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ciphers(name)
        except ssl.SSLError:
            raise CertificateError(f"cipher {name} is not known to {ssl.OPENSSL_VERSION}") from None
    context.set_ciphers(":".join(names))


def _choose_suites(context: ssl.SSLContext, suites: list[str]) -> None:
    choose = getattr(context, "set_ciphersuites", None)
    if choose is not None:
        choose(":".join(suites))
    elif SUITES[0] not in suites:
        raise CertificateError(
            f"ciphers {','.join(suites)} without {SUITES[0]}: this version of Python cannot choose among the ciphers of TLS 1.3"
        )


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return error.strerror or str(error)
