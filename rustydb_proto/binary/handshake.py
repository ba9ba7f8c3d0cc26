"""The handshake, the server's side of it: from the preface to an authenticated client.

    client                                server
    preface(versions, encoding)
    Hello(user, offers, client-first)     preface(version)
                                          Welcome(what is agreed, server-first)
    Authenticate(client-final)            Ready(session, server-final)

Hello may come in one piece with the preface. Hello and Welcome are in the encoding that the preface names, so a client needs
only one; everything after Welcome is in the one that Welcome names. Nothing is compressed before Ready. With the mechanism `NONE`, and
with `TOKEN`, whose token is in Hello, Ready follows Welcome at once. An Error instead of Welcome or Ready ends the connection.

A server answers a SCRAM Hello of a user who does not exist as one of a user who does, until its end.
"""

from __future__ import annotations

from typing import Final

from rustydb_proto.binary.compression import COMPRESSIONS
from rustydb_proto.binary.extensions import ExtensionRegistry
from rustydb_proto.binary.limits import Limits
from rustydb_proto.binary.messages import Hello, Welcome
from rustydb_proto.binary.schema import ENCODING_NAMES, Encoding
from rustydb_proto.core import scram
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.value import value

TOKEN: Final = "TOKEN"
NONE: Final = "NONE"
METHODS: Final = ("trust", "scram-sha-256", "token")


@value
class Agreement:
    """What the two sides have in common."""

    encoding: Encoding
    compression: str
    frame_bytes_max: int
    heartbeat_ms: int
    extensions: tuple[str, ...]


def agree(hello: Hello, spoken: Encoding, limits: Limits, registry: ExtensionRegistry) -> Agreement:
    """Return what holds after this Hello: the client's first wish that we can grant, of each.

    An encoding that we do not know is passed over; without any that we know it stays `spoken`, the preface's.
    """
    known = [ENCODING_NAMES[name] for name in hello.encodings if name in ENCODING_NAMES]
    compression = next((name for name in hello.compressions if name in COMPRESSIONS), "none")
    frame_bytes_max = min(limits.frame_bytes_max, max(hello.frame_bytes_max, limits.frame_bytes_least))
    heartbeat_ms = max(hello.heartbeat_ms, limits.heartbeat_ms_min) if hello.heartbeat_ms else 0
    return Agreement(
        known[0] if known else spoken, compression, frame_bytes_max, heartbeat_ms, registry.agree(hello.extensions)
    )


def welcome(agreed: Agreement, limits: Limits, mechanism: str, challenge: bytes) -> Welcome:
    """Return the Welcome that tells the client what is agreed and how much we accept."""
    return Welcome(
        next(name for name, encoding in ENCODING_NAMES.items() if encoding is agreed.encoding),
        agreed.compression,
        agreed.frame_bytes_max,
        min(limits.sql_bytes_max, agreed.frame_bytes_max),
        limits.requests_max,
        limits.requests_bytes_max,
        limits.upload_batches,
        limits.batch_rows_max,
        agreed.heartbeat_ms,
        agreed.extensions,
        mechanism,
        challenge,
    )


class Exchange:
    """One SCRAM exchange of the server; ScramError when the client breaks its rules."""

    __slots__ = ("_scram",)

    def __init__(
        self,
        hello: Hello,
        verifier: str | None,
        entropy: Entropy,
        mock_secret: bytes,
        channel_binding: bytes | None,
    ) -> None:
        plus = hello.mechanism == scram.MECHANISM_PLUS
        if plus and channel_binding is None:
            raise scram.ScramError("this connection has nothing that SCRAM-SHA-256-PLUS could bind to", None, "28000")
        if not plus and hello.mechanism != scram.MECHANISM:
            raise scram.ScramError(
                f"mechanism {hello.mechanism[:40]!r} is not accepted, SCRAM-SHA-256 is", None, "28000"
            )
        stored = None if verifier is None else _parse(verifier, entropy)
        self._scram = scram.ScramServer(
            stored or scram.mock_verifier(hello.user, mock_secret),
            entropy.bytes(scram.NONCE_BYTES),
            doomed=stored is None,
            plus=plus,
            channel_binding=channel_binding,
        )

    def first(self, message: bytes) -> bytes:
        """Take client-first, return server-first."""
        return self._scram.first(message)

    def final(self, message: bytes) -> bytes | None:
        """Take client-final, return server-final, or None if the proof is wrong."""
        return self._scram.final(message)


def _parse(stored: str, entropy: Entropy) -> scram.Verifier | None:
    if stored.startswith("md5") and len(stored) == 35:
        return None  # an MD5 secret proves nothing to SCRAM
    return scram.parse_verifier(stored) or scram.make_verifier(stored, entropy.bytes(16))
