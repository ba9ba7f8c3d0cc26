"""TLS contexts of the client, and the hash that SCRAM binds to.

`sslmode` says how much is checked: `require` nothing (it only hides), `verify-ca` the certificate's issuer, `verify-full` its name
too. The native protocol has no switch in mid-stream: a TLS connection begins with TLS, and the ALPN name says what follows.
"""

from __future__ import annotations

import ssl
from typing import Final

from rustydb.options import ConnectOptions, OptionError
from rustydb_proto.tls_binding import end_point_hash

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
    """Return what SCRAM binds to for a certificate in DER; None where there is no certificate, or nothing to bind to."""
    return end_point_hash(certificate) if certificate else None
