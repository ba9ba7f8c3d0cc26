"""SCRAM-SHA-256 and MD5 password authentication: both sides, pure.

SCRAM proves to the server that the client knows the password, and to the client that the server knows the
stored verifier, without telling either to a listener or to a thief of the verifier:

    client-first   n,,n=,r=<client nonce>
    server-first   r=<client nonce><server nonce>,s=<salt>,i=<iterations>
    client-final   c=biws,r=<both nonces>,p=<proof>
    server-final   v=<server signature>

The stored verifier is `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, base64 but the first. For a user
without one, the server answers with a salt derived from the user's name and a secret, and the exchange
fails at its end: a guesser does not learn which users exist.

Nonces are arguments. A message that breaks the rules raises `ScramError`, which the machines turn into a FATAL
error. Sources: RFC 5802, RFC 7677, RFC 5929 (tls-server-end-point), PostgreSQL's auth-scram.c.
"""

from __future__ import annotations

import hashlib
import hmac
import stringprep
import unicodedata
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from rustydb_proto.core.value import value

MECHANISM = "SCRAM-SHA-256"
MECHANISM_PLUS = "SCRAM-SHA-256-PLUS"
ITERATIONS = 4096
ITERATIONS_MAX = 1 << 22
NONCE_BYTES = 18


class ScramError(Exception):
    """The peer's SCRAM message is not valid. `detail` explains `args[0]`."""

    def __init__(self, message: str, detail: str | None = None, sqlstate: str = "08P01") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.sqlstate = sqlstate


@value
class Verifier:
    """What the server keeps of a password."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        keys = f"{_base64(self.stored_key)}:{_base64(self.server_key)}"
        return f"{MECHANISM}${self.iterations}:{_base64(self.salt)}${keys}"


def make_verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> Verifier:
    """Return the verifier of a password; `salt` is 16 random bytes."""
    salted = _salted_password(password, salt, iterations)
    return Verifier(iterations, salt, _sha256(_hmac(salted, b"Client Key")), _hmac(salted, b"Server Key"))


def parse_verifier(text: str) -> Verifier | None:
    """Return the verifier that `text` holds, or None if it is not one."""
    fields = text.split("$")
    if len(fields) != 3 or fields[0] != MECHANISM:
        return None
    iterations, _, salt = fields[1].partition(":")
    stored, _, server = fields[2].partition(":")
    if not (iterations.isascii() and iterations.isdigit() and 0 < len(iterations) < 8):
        return None
    try:
        verifier = Verifier(int(iterations), _unbase64(salt), _unbase64(stored), _unbase64(server))
    except ValueError:
        return None
    sizes = (len(verifier.stored_key), len(verifier.server_key))
    return verifier if sizes == (32, 32) and verifier.salt and 0 < verifier.iterations <= ITERATIONS_MAX else None


def mock_verifier(user: str, secret: bytes) -> Verifier:
    """Return a verifier for a user who has none: always the same for a name, and nobody's password."""
    salt = hmac.digest(secret, b"salt " + user.encode("utf-8", "replace"), "sha256")[:16]
    return Verifier(ITERATIONS, salt, bytes(32), bytes(32))


def verify_password(password: str, verifier: Verifier) -> bool:
    """Say whether a clear text password fits; costs the verifier's iterations."""
    salted = _salted_password(password, verifier.salt, verifier.iterations)
    return hmac.compare_digest(_hmac(salted, b"Server Key"), verifier.server_key)


class ScramServer:
    """The server's side of one exchange.

    `channel_binding` is the hash of our certificate (tls-server-end-point) if SCRAM-SHA-256-PLUS was offered;
    `plus` says that the client chose it. `doomed` exchanges run to the end and fail.
    """

    __slots__ = ("_auth_message", "_binding", "_gs2", "_nonce", "_plus", "_verifier", "doomed")

    def __init__(
        self,
        verifier: Verifier,
        nonce: bytes,
        *,
        doomed: bool = False,
        plus: bool = False,
        channel_binding: bytes | None = None,
    ) -> None:
        assert len(nonce) == NONCE_BYTES, "the nonce must be as random as a key"
        assert not plus or channel_binding is not None, "PLUS needs something to bind to"
        self._verifier = verifier
        self._nonce = _base64(nonce)
        self._plus = plus
        self._binding = channel_binding
        self._gs2 = b""
        self._auth_message = ""
        self.doomed = doomed

    def first(self, message: bytes) -> bytes:
        """Take client-first, return server-first."""
        text = _ascii_or_utf8(message)
        flag, _, rest = text.partition(",")
        identity, comma, bare = rest.partition(",")
        if not comma:
            raise ScramError("malformed SCRAM message", "Comma expected, but found end of the message.")
        self._check_flag(flag)
        if identity:
            if not identity.startswith("a="):
                raise ScramError("malformed SCRAM message", "Unexpected attribute before the user name.")
            raise ScramError("client uses authorization identity, but it is not supported", None, "0A000")
        if bare.startswith("m="):
            raise ScramError("client requires an unsupported SCRAM extension", None, "0A000")
        attributes = bare.split(",")
        if len(attributes) < 2 or not attributes[0].startswith("n=") or not attributes[1].startswith("r="):
            raise ScramError("malformed SCRAM message", 'Attributes "n" and "r" expected.')
        client_nonce = attributes[1][2:]
        if not client_nonce or not all("!" <= character <= "~" for character in client_nonce):
            raise ScramError("non-printable characters in SCRAM nonce")
        self._gs2 = f"{flag},{identity},".encode()
        self._nonce = client_nonce + self._nonce
        answer = f"r={self._nonce},s={_base64(self._verifier.salt)},i={self._verifier.iterations}"
        self._auth_message = f"{bare},{answer},"
        return answer.encode()

    def _check_flag(self, flag: str) -> None:
        if self._plus:
            if flag == "p=tls-server-end-point":
                return
            if flag.startswith("p="):
                raise ScramError(f'unsupported SCRAM channel-binding type "{flag[2:66]}"')
            raise ScramError(
                "malformed SCRAM message",
                "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
            )
        if flag == "n" or (flag == "y" and self._binding is None):
            return
        if flag == "y":
            # RFC 5802 6: the client thinks that we do not offer channel binding, but we did: somebody
            # between us removed it from the list.
            raise ScramError(
                "SCRAM channel binding negotiation error",
                "The client supports SCRAM channel binding but thinks the server does not.  "
                "However, this server does support channel binding.",
                "28000",
            )
        if flag.startswith("p="):
            raise ScramError(
                "malformed SCRAM message",
                "The client selected SCRAM-SHA-256 without channel binding, "
                "but the SCRAM message includes channel binding data.",
            )
        raise ScramError("malformed SCRAM message", f'Unexpected channel-binding flag "{flag[:1]}".')

    def final(self, message: bytes) -> bytes | None:
        """Take client-final, return server-final, or None if the proof is wrong."""
        text = _ascii_or_utf8(message)
        without_proof, separator, proof_text = text.rpartition(",p=")
        attributes = without_proof.split(",")
        if not separator or len(attributes) < 2 or not attributes[0].startswith("c="):
            raise ScramError("malformed SCRAM message", 'Attributes "c", "r" and "p" expected.')
        expected = self._gs2 + (self._binding or b"" if self._plus else b"")
        if attributes[0][2:] != _base64(expected):
            if self._plus:
                raise ScramError("SCRAM channel binding check failed", None, "28000")
            raise ScramError("unexpected SCRAM channel-binding attribute in client-final-message")
        if attributes[1] != "r=" + self._nonce:
            raise ScramError("invalid SCRAM response", "Nonce does not match.")
        try:
            proof = _unbase64(proof_text)
        except ValueError:
            proof = b""
        if len(proof) != 32:
            raise ScramError("malformed SCRAM message", "Malformed proof in client-final-message.")
        auth_message = (self._auth_message + without_proof).encode()
        signature = _hmac(self._verifier.stored_key, auth_message)
        right = hmac.compare_digest(_sha256(_xor(proof, signature)), self._verifier.stored_key)
        if self.doomed or not right:
            return None
        return b"v=" + _base64(_hmac(self._verifier.server_key, auth_message)).encode()


class ScramClient:
    """The client's side of one exchange. `flag` is the channel-binding flag: "n", "y" or "p=..."."""

    __slots__ = ("_auth_message", "_bare", "_binding", "_gs2", "_nonce", "_password", "_salted")

    def __init__(self, password: str, nonce: bytes, flag: str = "n", channel_binding: bytes = b"") -> None:
        assert len(nonce) == NONCE_BYTES, "the nonce must be as random as a key"
        self._password = password
        self._nonce = _base64(nonce)
        self._gs2 = f"{flag},,".encode()
        self._binding = channel_binding
        self._bare = f"n=,r={self._nonce}"
        self._auth_message = b""
        self._salted = b""

    def first(self) -> bytes:
        """Return client-first. The user name is left empty: the startup packet has it."""
        return self._gs2 + self._bare.encode()

    def final(self, message: bytes) -> bytes:
        """Take server-first, return client-final; costs the server's iterations."""
        text = _ascii_or_utf8(message)
        attributes = text.split(",")
        if len(attributes) < 3 or [item[:2] for item in attributes[:3]] != ["r=", "s=", "i="]:
            raise ScramError("malformed SCRAM message", 'Attributes "r", "s" and "i" expected.')
        nonce, iterations = attributes[0][2:], attributes[2][2:]
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise ScramError("invalid SCRAM response", "Nonce does not match.")
        if not (iterations.isascii() and iterations.isdigit() and 0 < len(iterations) < 8):
            raise ScramError("malformed SCRAM message", "Invalid iteration count.")
        if not 0 < int(iterations) <= ITERATIONS_MAX:
            raise ScramError("malformed SCRAM message", "Invalid iteration count.")
        try:
            salt = _unbase64(attributes[1][2:])
        except ValueError:
            raise ScramError("malformed SCRAM message", "Invalid salt.") from None
        self._salted = _salted_password(self._password, salt, int(iterations))
        without_proof = f"c={_base64(self._gs2 + self._binding)},r={nonce}"
        self._auth_message = f"{self._bare},{text},{without_proof}".encode()
        client_key = _hmac(self._salted, b"Client Key")
        proof = _xor(client_key, _hmac(_sha256(client_key), self._auth_message))
        return f"{without_proof},p={_base64(proof)}".encode()

    def verify(self, message: bytes) -> None:
        """Take server-final; ScramError unless it proves that the server knows the verifier."""
        signature = _hmac(_hmac(self._salted, b"Server Key"), self._auth_message)
        if not hmac.compare_digest(message, b"v=" + _base64(signature).encode()):
            raise ScramError("incorrect server signature")


# ---- MD5, for old clients and servers


def md5_verifier(password: str, user: str) -> str:
    """Return the stored form of an MD5 password: `md5` and 32 hex digits."""
    return "md5" + hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()


def md5_response(verifier: str, salt: bytes) -> str:
    """Return what a client answers to the 4-byte `salt`."""
    assert len(salt) == 4, "the salt of AuthenticationMD5Password has four bytes"
    return "md5" + hashlib.md5(verifier[3:].encode() + salt, usedforsecurity=False).hexdigest()


# ---- SASLprep (RFC 4013)


def saslprep(password: str) -> str:
    """Normalise a password; one that SASLprep forbids is used as it is, as PostgreSQL does."""
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter for letter in password if not stringprep.in_table_b1(letter)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if not prepared or any(map(_forbidden, prepared)):
        return password
    if any(map(stringprep.in_table_d1, prepared)):
        # RFC 3454 6: right-to-left text begins and ends with such a letter and has no left-to-right one.
        edges = stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])
        if not edges or any(map(stringprep.in_table_d2, prepared)):
            return password
    return prepared


def _forbidden(letter: str) -> bool:
    return (
        stringprep.in_table_a1(letter)
        or stringprep.in_table_c12(letter)
        or stringprep.in_table_c21_c22(letter)
        or stringprep.in_table_c3(letter)
        or stringprep.in_table_c4(letter)
        or stringprep.in_table_c5(letter)
        or stringprep.in_table_c6(letter)
        or stringprep.in_table_c7(letter)
        or stringprep.in_table_c8(letter)
        or stringprep.in_table_c9(letter)
    )


def _salted_password(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", saslprep(password).encode("utf-8", "replace"), salt, iterations)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    """Return the bytes that `text` encodes; ValueError if it is not strict base64."""
    try:
        return b64decode(text.encode("ascii"), validate=True)
    except (Base64Error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None


def _ascii_or_utf8(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError:
        raise ScramError("malformed SCRAM message", "The message is not UTF-8.") from None
