"""The client's side of authentication: from the body of an Authentication message to the answer.

The server names the method; the client must know what it is willing to do. SCRAM tells a thief on the line nothing.
MD5 and clear text do, so `weak` says whether they are allowed. AuthenticationOk counts as proof of
the server only after a whole SCRAM exchange, if one was begun.
"""

from __future__ import annotations

from struct import Struct

from rustydb_proto.core import scram
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.pg import framing
from rustydb_proto.pg.decode import Malformed

_uint32 = Struct("!I").unpack_from

OK, CLEAR_TEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12


class ClientExchange:
    """One authentication. ScramError or Malformed mean that the connection cannot go on."""

    __slots__ = ("_entropy", "_password", "_scram", "_user", "_verified", "_weak", "channel_binding", "finished")

    def __init__(self, user: str, password: str | None, entropy: Entropy, weak: bool) -> None:
        self._user = user
        self._password = password
        self._entropy = entropy
        self._weak = weak
        self._scram: scram.ScramClient | None = None
        self._verified = False
        self.channel_binding: bytes | None = None
        self.finished = False

    def receive(self, body: bytes) -> bytes | None:
        """Take the body of an Authentication message, return the message to send, if any."""
        code: int = _uint32(body)[0]
        data = body[4:]
        if self.finished:
            raise Malformed("authentication request after AuthenticationOk")
        if code == OK:
            if self._scram is not None and not self._verified:
                raise scram.ScramError("server did not prove that it knows the password")
            self.finished = True
            return None
        if code == SASL_CONTINUE and self._scram is not None:
            return framing.sasl_response(self._scram.final(data))
        if code == SASL_FINAL and self._scram is not None:
            self._scram.verify(data)
            self._verified = True
            return None
        if code not in (CLEAR_TEXT, MD5, SASL) or self._scram is not None:
            raise Malformed(f"authentication method {code} not supported")
        if self._password is None:
            raise scram.ScramError("fe_sendauth: no password supplied")
        if code == SASL:
            return self._begin_scram(self._password, data)
        if not self._weak:
            raise scram.ScramError("the server asks for a weak authentication method")
        if code == CLEAR_TEXT:
            return framing.password_message(self._password.encode())
        if len(data) != 4:
            raise Malformed("the salt of an MD5 authentication has four bytes")
        verifier = scram.md5_verifier(self._password, self._user)
        return framing.password_message(scram.md5_response(verifier, data).encode())

    def _begin_scram(self, password: str, data: bytes) -> bytes:
        offered = data.split(b"\0")
        nonce = self._entropy.bytes(scram.NONCE_BYTES)
        binding = self.channel_binding
        if scram.MECHANISM_PLUS.encode() in offered and binding is not None:
            self._scram = scram.ScramClient(password, nonce, "p=tls-server-end-point", binding)
            return framing.sasl_initial_response(scram.MECHANISM_PLUS, self._scram.first())
        if scram.MECHANISM.encode() not in offered:
            raise scram.ScramError("none of the server's SASL authentication mechanisms are supported")
        # RFC 5802 6: "y" says that we could bind to the channel and believe that the server cannot.
        self._scram = scram.ScramClient(password, nonce, "n" if binding is None else "y")
        return framing.sasl_initial_response(scram.MECHANISM, self._scram.first())
