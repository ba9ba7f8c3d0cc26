"""The server's side of an authentication exchange, by method.

An `Exchange` is begun with the stored secret and fed the bodies of the client's `p` messages; each answer says what
to send and whether that was the end. It sees no framing and no time, so the server machine stays small and
this file can be read beside the documentation ("Start-up", section 55.2.1).

A user who does not exist gets the same exchange as one who does, and fails at its end with the same words.
"""

from __future__ import annotations

import hmac

from rustydb_proto.core import scram
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.value import value
from rustydb_proto.pg import framing

METHODS = ("trust", "scram-sha-256", "md5", "password", "external")


@value
class Continue:
    """Send this and wait for the client's answer."""

    data: bytes


@value
class Proved:
    """The user is who they say; send this (then AuthenticationOk)."""

    data: bytes


@value
class Refused:
    """The exchange failed. `reason` is for the log; None as `message` is the usual "password ... failed"."""

    reason: str
    sqlstate: str = "28P01"
    message: str | None = None
    detail: str | None = None


@value
class Asked:
    """The embedder decides about this clear text password."""

    password: str


Reply = Continue | Proved | Refused | Asked


class Exchange:
    """One authentication exchange; `method` and `verifier` are those of the `Authenticate` command."""

    __slots__ = ("_binding", "_entropy", "_md5_salt", "_scram", "_secret", "_user", "_verifier", "method")

    def __init__(
        self,
        method: str,
        verifier: str | None,
        user: str,
        entropy: Entropy,
        mock_secret: bytes,
        channel_binding: bytes | None,
    ) -> None:
        assert method in METHODS, f"unknown authentication method {method!r}"
        if method == "md5" and verifier is not None and scram.parse_verifier(verifier) is not None:
            method = "scram-sha-256"
        self.method = method
        self._verifier = verifier
        self._user = user
        self._entropy = entropy
        self._secret = mock_secret
        self._binding = channel_binding
        self._md5_salt = b""
        self._scram: scram.ScramServer | None = None

    def begin(self) -> Continue | Proved:
        """Return the first message to send."""
        if self.method == "trust":
            return Proved(b"")
        if self.method == "scram-sha-256":
            names = [scram.MECHANISM] if self._binding is None else [scram.MECHANISM_PLUS, scram.MECHANISM]
            return Continue(framing.authentication(10, b"".join(map(framing.cstring, names)) + b"\0"))
        if self.method == "md5":
            self._md5_salt = self._entropy.bytes(4)
            return Continue(framing.authentication(5, self._md5_salt))
        return Continue(framing.authentication(3))

    def receive(self, body: bytes) -> Reply:
        """Take the body of a `p` message."""
        if self.method == "scram-sha-256":
            try:
                return self._receive_scram(body)
            except scram.ScramError as error:
                return Refused(error.detail or error.message, error.sqlstate, error.message, error.detail)
        if not body.endswith(b"\0") or b"\0" in body[:-1]:
            return Refused("malformed password message", "08P01", "invalid password packet size")
        if body == b"\0":
            return Refused("empty password", "28P01", "empty password returned by client")
        answer = body[:-1].decode("utf-8", "replace")
        if self.method == "external":
            return Asked(answer)
        right = self._check_md5(answer) if self.method == "md5" else self._check_password(answer)
        return Proved(b"") if right else Refused("password does not match")

    def _check_md5(self, answer: str) -> bool:
        stored = self._verifier
        known = stored is not None
        if stored is None or not stored.startswith("md5") or len(stored) != 35:
            stored = scram.md5_verifier(stored or "", self._user)
        expected = scram.md5_response(stored, self._md5_salt)
        return hmac.compare_digest(expected.encode(), answer.encode("utf-8", "replace")) and known

    def _check_password(self, answer: str) -> bool:
        stored = self._verifier
        if stored is None:
            scram.verify_password(answer, scram.mock_verifier(self._user, self._secret))
            return False
        verifier = scram.parse_verifier(stored)
        if verifier is not None:
            return scram.verify_password(answer, verifier)
        if stored.startswith("md5") and len(stored) == 35:
            answer = scram.md5_verifier(answer, self._user)
        return hmac.compare_digest(stored.encode("utf-8", "replace"), answer.encode("utf-8", "replace"))

    def _receive_scram(self, body: bytes) -> Reply:
        if self._scram is not None:
            final = self._scram.final(body)
            if final is None:
                return Refused("SCRAM proof does not match")
            return Proved(framing.authentication(12, final))
        mechanism, zero, rest = body.partition(b"\0")
        plus = mechanism == scram.MECHANISM_PLUS.encode() and self._binding is not None
        if not zero or not (plus or mechanism == scram.MECHANISM.encode()):
            raise scram.ScramError("client selected an invalid SASL authentication mechanism")
        size = int.from_bytes(rest[:4], "big", signed=True)
        first = rest[4:]
        if len(rest) < 4 or size != len(first):
            raise scram.ScramError("malformed SCRAM message", "The length does not match the input length.")
        verifier = self._scram_verifier()
        self._scram = scram.ScramServer(
            verifier or scram.mock_verifier(self._user, self._secret),
            self._entropy.bytes(scram.NONCE_BYTES),
            doomed=verifier is None,
            plus=plus,
            channel_binding=self._binding,
        )
        return Continue(framing.authentication(11, self._scram.first(first)))

    def _scram_verifier(self) -> scram.Verifier | None:
        stored = self._verifier
        if stored is None or (stored.startswith("md5") and len(stored) == 35):
            return None
        return scram.parse_verifier(stored) or scram.make_verifier(stored, self._entropy.bytes(16))
