"""TLS as a machine between the transport and a protocol: ciphertext in and out on one side, plaintext on the other.

    machine = TlsMachine(now, ServerContext(context, end_point_hash(der)))      or ClientContext(context, "db.example")
    machine.receive_data(now, ciphertext)                                       b"" is the transport's end of file
    match machine.next_event():
        case HandshakeCompleted(...):    ALPN, SNI, the peer's certificate: choose the protocol
        case DataReceived(data):         feed it to the protocol's machine
        case EndReceived(clean):         the peer sends no more; we still may
        case TlsFailed(code, reason):    the end
    machine.write(plaintext)                                                    after HandshakeCompleted
    machine.close()                                                             close_notify
    transport.write(machine.data_to_send()); close if machine.output_ended

OpenSSL does the work, over two memory buffers (`ssl.MemoryBIO`), so it is the same on every event loop. The contexts hold
keys and are made by whoever may read files. OpenSSL has its own source of randomness: a run with TLS does not replay.

**Ends.** A close_notify is answered by nobody in a hurry: `close` sends ours and waits for nothing. After the peer's, `write`
still works (RFC 8446 6.1: "each party MUST send a close_notify alert before closing its write side", and only that side);
after ours the peer's data still comes. A transport that ends without a close_notify is `EndReceived(clean=False)`: a protocol
that does not know its own lengths must not take that for the end of a message.

**Bounds.** A handshake has a deadline and `handshake_bytes_max`. Afterwards a call of `next_event` decrypts at most about
`event_bytes`; what was received and not pulled stays as ciphertext, and `backlogged` says when it is much. Renegotiation
(TLS 1.2) is refused. What the peer can make us send unasked (alerts, KeyUpdate) is no longer than what it sent.

**Switching.** Whoever starts TLS on a connection that has spoken another protocol must see to it that no plaintext is left
unread (CVE-2021-23222): this machine never sees such bytes.

Source: RFC 8446 (TLS 1.3), RFC 7301 (ALPN), RFC 6066 3 (SNI), RFC 5929 (channel bindings), Python's `ssl`.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Set
from enum import Enum, auto
from typing import Final

from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused, Timers
from rustydb_proto.core.time import Now
from rustydb_proto.core.value import value
from rustydb_proto.tls_binding import end_point_hash
from rustydb_proto.tls_hello import name_asked


@value
class Limits:
    """How much a peer may ask for."""

    handshake_ns: int = 60_000_000_000
    handshake_bytes_max: int = 256 << 10
    event_bytes: int = 64 << 10
    backlog_bytes_max: int = 256 << 10


@value
class Certificate:
    """A verified certificate of the peer. `common_name` is "" when the subject has none.

    `subject` and `issuer` are written as PostgreSQL and OpenSSL's one-line form do: `/O=Shop/CN=ann`.
    """

    der: bytes
    common_name: str
    subject: str = ""
    issuer: str = ""
    serial: int = 0


@value
class HandshakeCompleted:
    """The peer is who its certificate says, where one was asked for; plaintext may be sent.

    `server_name` is what the client asked for (SNI), `channel_binding` the tls-server-end-point of the server's certificate.
    """

    version: str
    cipher: str
    alpn: str | None
    server_name: str | None
    certificate: Certificate | None
    channel_binding: bytes | None
    cipher_bits: int = 0


@value
class DataReceived:
    """Decrypted bytes."""

    data: bytes


@value
class EndReceived:
    """The peer sends no more: with a close_notify, or (not `clean`) because the transport ended."""

    clean: bool


@value
class TlsFailed:
    """The end. `code` is `protocol`, `timeout`, `limit` or `ended`; `reason` is OpenSSL's, or ours."""

    code: str
    reason: str


TlsEvent = HandshakeCompleted | DataReceived | EndReceived | TlsFailed


class ServerContext:
    """The server's side: a context with certificate and key, its channel binding, and other contexts by server name.

    `names` maps what a client may ask for (SNI), `db.example` or `*.example`, to the context that answers it. `ciphers` are
    the only ones allowed, for what a context cannot be told (the suites of TLS 1.3 before Python 3.15); empty: any.
    Renegotiation is turned off in the context.
    """

    __slots__ = ("channel_binding", "ciphers", "context", "names")

    def __init__(
        self,
        context: ssl.SSLContext,
        channel_binding: bytes | None = None,
        names: Mapping[str, ServerContext] | None = None,
        ciphers: Set[str] = frozenset(),
    ) -> None:
        self.context = context
        self.channel_binding = channel_binding
        self.names = dict(names or {})
        self.ciphers = ciphers
        context.options |= ssl.OP_NO_RENEGOTIATION

    def named(self, name: str | None) -> ServerContext:
        """Return the context for the name that a client asks for."""
        if name is None or not self.names:
            return self
        return self.names.get(name) or self.names.get(f"*.{name.partition('.')[2]}") or self


class ClientContext:
    """The client's side: a context, and the name that the server's certificate must have (None: it is not looked at)."""

    __slots__ = ("context", "server_name")

    def __init__(self, context: ssl.SSLContext, server_name: str | None) -> None:
        self.context = context
        self.server_name = server_name
        context.options |= ssl.OP_NO_RENEGOTIATION


class _Phase(Enum):
    HELLO = auto()  # a server's, until the name is known that the client asks for
    HANDSHAKE = auto()
    OPEN = auto()
    FAILED = auto()


_READ_BYTES: Final = 1 << 14
"""A record holds no more plaintext."""


class TlsMachine:
    """TLS on one connection, either side. The module docstring says how to drive it."""

    __slots__ = (
        "_bytes_in", "_closed", "_context", "_decrypted", "_eof", "_hello", "_in", "_limits", "_name", "_out", "_peer_ended",
        "_phase", "_session", "_timers", "_verdict",
    )  # fmt: skip

    def __init__(self, now: Now, context: ServerContext | ClientContext, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._context = context
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._hello = bytearray()
        self._name: str | None = None
        self._session: ssl.SSLObject
        if isinstance(context, ClientContext):
            self._name = context.server_name
            self._session = context.context.wrap_bio(self._in, self._out, server_hostname=self._name)
            self._phase = _Phase.HANDSHAKE
        else:
            self._phase = _Phase.HELLO
        self._bytes_in = 0
        self._eof = self._peer_ended = self._closed = False
        self._decrypted: list[bytes] = []
        self._verdict: EndReceived | TlsFailed | None = None
        self._timers = Timers()
        self._timers.set("handshake", now.mono_ns + self._limits.handshake_ns)

    # ---- ciphertext in, events out

    def receive_data(self, now: Now, data: bytes) -> None:
        """Take ciphertext; b"" is the transport's end of file."""
        if not data:
            self._eof = True
        elif self._phase is _Phase.HELLO:
            self._hello += data
        elif self._phase is not _Phase.FAILED and not self._peer_ended:
            self._in.write(data)
            self._bytes_in += len(data)

    def next_event(self) -> TlsEvent | NeedData | Paused:
        """Return the next event; TlsFailed is the last one, and PAUSED follows the last one."""
        if self._verdict is None:
            if self._phase is _Phase.HELLO and not self._choose():
                return NEED_DATA
            if self._phase is _Phase.HANDSHAKE:
                return self._shake()
            if self._phase is _Phase.OPEN and not self._peer_ended:
                self._decrypt(self._limits.event_bytes)
        if self._decrypted:
            data = self._decrypted[0] if len(self._decrypted) == 1 else b"".join(self._decrypted)
            self._decrypted.clear()
            return DataReceived(data)
        verdict, self._verdict = self._verdict, None
        if verdict is not None:
            return verdict
        return PAUSED if self._phase is _Phase.FAILED or self._peer_ended else NEED_DATA

    def _choose(self) -> bool:
        """Choose the context by the name that the client asks for, once its hello is here."""
        hello = self._hello
        name = name_asked(bytes(hello))
        if isinstance(name, NeedData):
            if not self._eof and len(hello) <= self._limits.handshake_bytes_max:
                return False
            name = None
        assert isinstance(self._context, ServerContext), "clients begin with the handshake"
        self._name = name
        self._context = self._context.named(name)
        self._session = self._context.context.wrap_bio(self._in, self._out, server_side=True)
        self._in.write(bytes(hello))
        self._bytes_in = len(hello)
        hello.clear()
        self._phase = _Phase.HANDSHAKE
        return True

    def _shake(self) -> TlsEvent | NeedData | Paused:
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            if self._bytes_in > self._limits.handshake_bytes_max:
                return self._fail("limit", f"a handshake of more than {self._limits.handshake_bytes_max} bytes")
            if self._eof:
                return self._fail("ended", "the connection ended during the handshake")
            return NEED_DATA
        except ssl.SSLError as error:
            return self._fail("protocol", _words(error))
        self._phase = _Phase.OPEN
        self._timers.clear()
        return self._completed()

    def _completed(self) -> HandshakeCompleted | TlsFailed:
        session = self._session
        cipher = session.cipher()
        version = session.version()
        assert cipher is not None and version is not None, "a handshake settles them"
        context = self._context
        der = session.getpeercert(binary_form=True)
        if isinstance(context, ServerContext):
            if context.ciphers and cipher[0] not in context.ciphers:
                return self._fail("protocol", f"cipher {cipher[0]} is not one of those allowed")
            binding = context.channel_binding
        else:
            binding = end_point_hash(der) if der is not None else None
        fields = session.getpeercert()  # empty unless it was verified
        certificate = _certificate(der, fields) if der is not None and fields else None
        alpn = session.selected_alpn_protocol()
        return HandshakeCompleted(version, cipher[0], alpn, self._name, certificate, binding, cipher[2])

    def _decrypt(self, bytes_max: int | None) -> None:
        """Move what can be decrypted into `_decrypted`, about `bytes_max` bytes of it."""
        incoming, read, decrypted = self._in, self._session.read, self._decrypted
        left = bytes_max
        try:
            # One read takes a whole record, so with an empty buffer there is nothing to read: an exception less, 3 of 16 us a query.
            while incoming.pending and (left is None or left > 0):
                piece = read(_READ_BYTES)
                if not piece:
                    self._end(EndReceived(True))
                    return
                decrypted.append(piece)
                if left is not None:
                    left -= len(piece)
        except ssl.SSLWantReadError:
            pass  # the rest of a record is still to come
        except ssl.SSLZeroReturnError:
            self._end(EndReceived(True))
        except ssl.SSLError as error:
            self._verdict = self._fail("protocol", _words(error))
        if self._eof and self._verdict is None and not incoming.pending:
            self._end(EndReceived(False))

    def _end(self, event: EndReceived) -> None:
        self._peer_ended = True
        self._verdict = event
        self._in.read()

    def _fail(self, code: str, reason: str) -> TlsFailed:
        self._phase = _Phase.FAILED
        self._timers.clear()
        self._in.read()
        self._hello.clear()
        return TlsFailed(code, reason)

    # ---- plaintext in, ciphertext out

    def write(self, data: bytes) -> None:
        """Encrypt `data` for the peer; LocalProtocolError before the handshake, after `close`, or after TlsFailed."""
        if self._phase is not _Phase.OPEN or self._closed:
            raise LocalProtocolError(f"write while {'CLOSED' if self._closed else self._phase.name}")
        written = self._session.write(data) if data else 0
        while written < len(data):
            written += self._session.write(memoryview(data)[written:])

    def close(self) -> None:
        """Send close_notify: nothing is written after it. Does nothing where there is nobody to tell."""
        if self._closed:
            return
        self._closed = True
        self._timers.clear()
        if self._phase is not _Phase.OPEN:
            return
        if not self._peer_ended and self._verdict is None:
            # OpenSSL looks for the peer's close_notify at once, and takes data that stands before it for an error.
            self._decrypt(None)
        if self._phase is _Phase.OPEN:
            try:
                self._session.unwrap()
            except ssl.SSLError:
                return  # it waits for the peer's, which we do not

    def data_to_send(self) -> bytes:
        """Return and forget the ciphertext to write."""
        return self._out.read() if self._out.pending else b""

    @property
    def open(self) -> bool:
        """Whether `write` is allowed."""
        return self._phase is _Phase.OPEN and not self._closed

    @property
    def output_ended(self) -> bool:
        """True once nothing more will be written: close after the bytes of `data_to_send`."""
        return self._closed or self._phase is _Phase.FAILED

    @property
    def backlogged(self) -> bool:
        """Whether the embedder should pause reading until it has pulled more events."""
        return self._in.pending + len(self._hello) > self._limits.backlog_bytes_max

    def deadline(self) -> int | None:
        """Return when `handle_timeout` is due (`mono_ns`), or None."""
        return self._timers.deadline()

    def handle_timeout(self, now: Now) -> None:
        """Give up a handshake whose time is over."""
        if self._timers.due(now):
            self._verdict = self._fail("timeout", "the handshake took too long")

    def take_unread(self) -> tuple[bytes, bool]:
        """Return what was decrypted and not yet pulled, and whether the peer has ended; the machine forgets the bytes."""
        if self._phase is _Phase.OPEN and not self._peer_ended:
            self._decrypt(None)
        data = b"".join(self._decrypted)
        self._decrypted.clear()
        return data, self._eof or self._peer_ended


def _words(error: ssl.SSLError) -> str:
    """Return what went wrong in OpenSSL's words, in small letters and without the place in its source."""
    verify = getattr(error, "verify_message", "")
    reason = (error.reason or str(error)).replace("_", " ").lower()
    return f"{reason}: {verify}" if verify else reason


# What the parts of a name are called in one line (RFC 4519 2, RFC 2985 5.2.1); others keep Python's names.
_SHORT: Final = {
    "commonName": "CN",
    "countryName": "C",
    "domainComponent": "DC",
    "givenName": "GN",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
    "surname": "SN",
    "userId": "UID",
}


def _certificate(der: bytes, fields: Mapping[str, object]) -> Certificate:
    """Return what Python's `ssl` tells of a certificate. The first common name counts, as for PostgreSQL."""
    subject, issuer = _parts(fields.get("subject")), _parts(fields.get("issuer"))
    common_name = next((text for name, text in subject if name == "commonName"), "")
    serial = int(str(fields.get("serialNumber", "0")), 16)
    return Certificate(der, common_name, _one_line(subject), _one_line(issuer), serial)


def _parts(name: object) -> list[tuple[str, str]]:
    """Return the parts of a name: each relative name is a tuple of pairs."""
    assert name is None or isinstance(name, tuple), "as Python's ssl documents it"
    return [(str(kind), str(text)) for relative in name or () for kind, text in relative]


def _one_line(parts: list[tuple[str, str]]) -> str:
    return "".join(f"/{_SHORT.get(kind, kind)}={text}" for kind, text in parts)
