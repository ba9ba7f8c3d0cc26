"""TLS over memory: both sides of our machine against each other, and against Python's own client."""

from __future__ import annotations

import datetime
import hashlib
import random
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pg_support import CUTS, cut_bytes, cut_randomly, cut_whole

from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, Stop
from rustydb_proto.core.time import Now
from rustydb_proto.tls import (
    ClientContext,
    DataReceived,
    EndReceived,
    HandshakeCompleted,
    Limits,
    ServerContext,
    TlsEvent,
    TlsFailed,
    TlsMachine,
)
from rustydb_proto.tls_binding import end_point_hash
from rustydb_proto.tls_hello import name_asked
from tests.support.certificates import Authority, client_context

START = Now(0, 0)
AUTHORITY = Authority()
STRANGER = Authority("another authority")
SERVER = AUTHORITY.issue("db.example", names=["db.example", "127.0.0.1"])
CLIENT = AUTHORITY.issue("ann")
MIB = 1 << 20
Cut = Callable[[bytes], Iterator[bytes]]


@dataclass
class End:
    """One side: its machine and what it was told."""

    machine: TlsMachine
    events: list[TlsEvent] = field(default_factory=list)

    def pull(self) -> None:
        while not isinstance(event := self.machine.next_event(), Stop):
            self.events.append(event)

    @property
    def data(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, DataReceived))

    @property
    def handshake(self) -> HandshakeCompleted:
        assert isinstance(self.events[0], HandshakeCompleted), self.events
        return self.events[0]

    @property
    def last(self) -> TlsEvent:
        return self.events[-1]


class Wire:
    """A server and a client, and what goes to and fro, cut as wanted."""

    def __init__(self, server: ServerContext, client: ssl.SSLContext, cut: Cut = cut_whole, **limits: int) -> None:
        self.server = End(TlsMachine(START, server, limits=Limits(**limits)))
        self.client = End(TlsMachine(START, ClientContext(client, "db.example")))
        self._cut = cut

    def run(self) -> Wire:
        self.client.pull()
        while self._carry(self.client, self.server) + self._carry(self.server, self.client):
            pass
        return self

    def _carry(self, source: End, target: End) -> int:
        data = source.machine.data_to_send()
        for chunk in self._cut(data):
            target.machine.receive_data(START, chunk)
            target.pull()
        return len(data)


def wire(cut: Cut = cut_whole, **limits: int) -> Wire:
    return Wire(SERVER.context(), client_context(AUTHORITY), cut, **limits).run()


# ---- handshakes


@pytest.mark.parametrize("cut", CUTS)
def test_a_conversation_however_it_is_cut(cut: Cut) -> None:
    pair = wire(cut)
    pair.client.machine.write(b"SELECT 1")
    pair.run()
    pair.server.machine.write(b"one")
    pair.server.machine.write(b"row")
    pair.run()
    assert pair.server.data == b"SELECT 1" and pair.client.data == b"onerow"
    assert pair.server.handshake.version == "TLSv1.3"


def test_both_sides_have_the_channel_binding_of_the_server_s_certificate() -> None:
    pair = wire()
    assert pair.server.handshake.channel_binding == pair.client.handshake.channel_binding
    assert pair.server.handshake.channel_binding == hashlib.sha256(SERVER.der).digest()


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["postgresql"], "postgresql"), (["h2", "http/1.1"], "http/1.1"), (["other"], None), ([], None)],
)
def test_alpn_chooses_a_protocol_of_both(offered: list[str], chosen: str | None) -> None:
    context = SERVER.context(alpn=["postgresql", "http/1.1"])
    pair = Wire(context, client_context(AUTHORITY, alpn=offered)).run()
    assert pair.server.handshake.alpn == pair.client.handshake.alpn == chosen


def test_the_server_name_that_a_client_asks_for_chooses_the_certificate() -> None:
    plain = AUTHORITY.issue("other.example", names=["other.example"])
    star = AUTHORITY.issue("*.shop.example", names=["*.shop.example"])
    context = SERVER.context(names={"other.example": plain.context(), "*.shop.example": star.context()})
    for asked, certificate in [("db.example", SERVER), ("other.example", plain), ("a.shop.example", star)]:
        pair = Wire(context, client_context(AUTHORITY))
        pair.client = End(TlsMachine(START, ClientContext(client_context(AUTHORITY), asked)))
        pair.run()
        assert pair.server.handshake.server_name == asked
        assert pair.server.handshake.channel_binding == end_point_hash(certificate.der)
        assert pair.client.handshake.certificate is not None
        assert pair.client.handshake.certificate.der == certificate.der


def test_a_certificate_of_the_client_is_verified_and_its_name_told() -> None:
    context = SERVER.context(AUTHORITY, ssl.CERT_REQUIRED)
    pair = Wire(context, client_context(AUTHORITY, CLIENT)).run()
    assert pair.server.handshake.certificate is not None
    assert pair.server.handshake.certificate.common_name == "ann"
    assert pair.server.handshake.certificate.der == CLIENT.der


def test_a_client_without_a_certificate_is_welcome_only_where_it_is_optional() -> None:
    optional = Wire(SERVER.context(AUTHORITY, ssl.CERT_OPTIONAL), client_context(AUTHORITY)).run()
    assert optional.server.handshake.certificate is None
    required = Wire(SERVER.context(AUTHORITY, ssl.CERT_REQUIRED), client_context(AUTHORITY)).run()
    assert required.server.events == [TlsFailed("protocol", "peer did not return a certificate")]
    assert required.client.last == TlsFailed("protocol", "tlsv13 alert certificate required")


@pytest.mark.parametrize("issued", [STRANGER.issue("ann"), AUTHORITY.issue("ann", valid=-datetime.timedelta(hours=1))])
def test_a_certificate_that_is_not_good_is_refused(issued: object) -> None:
    pair = Wire(SERVER.context(AUTHORITY, ssl.CERT_OPTIONAL), client_context(AUTHORITY, issued)).run()  # type: ignore[arg-type]  # Issued
    event = pair.server.last
    assert isinstance(event, TlsFailed) and event.reason.startswith("certificate verify failed: ")
    assert pair.server.machine.output_ended


def test_a_server_that_the_client_does_not_trust_is_told_so() -> None:
    pair = Wire(SERVER.context(), client_context(STRANGER)).run()
    assert isinstance(pair.client.last, TlsFailed) and pair.client.last.reason.startswith("certificate verify failed")
    assert pair.server.last == TlsFailed("protocol", "tlsv1 alert unknown ca")


def test_tls_1_2_is_refused_unless_it_is_allowed() -> None:
    old = client_context(AUTHORITY)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert Wire(SERVER.context(), old).run().server.last == TlsFailed("protocol", "unsupported protocol")
    pair = Wire(SERVER.context(minimum=ssl.TLSVersion.TLSv1_2), old).run()
    assert pair.server.handshake.version == "TLSv1.2"


def test_a_cipher_that_is_not_allowed_is_refused() -> None:
    allowed = SERVER.context(ciphers=frozenset({"TLS_AES_256_GCM_SHA384"}))
    assert Wire(allowed, client_context(AUTHORITY)).run().server.handshake.cipher == "TLS_AES_256_GCM_SHA384"
    other = SERVER.context(ciphers=frozenset({"TLS_AES_128_GCM_SHA256"}))
    pair = Wire(other, client_context(AUTHORITY)).run()
    assert pair.server.last == TlsFailed("protocol", "cipher TLS_AES_256_GCM_SHA384 is not one of those allowed")


# ---- bad peers


def test_every_truncation_of_a_handshake_is_an_event() -> None:
    hello = TlsMachine(START, ClientContext(client_context(AUTHORITY), "db.example"))
    hello.next_event()
    data = hello.data_to_send()
    context = SERVER.context()
    for size in range(0, len(data) + 1, 7):
        server = End(TlsMachine(START, context))
        if size:
            server.machine.receive_data(START, data[:size])
        server.pull()
        server.machine.receive_data(START, b"")
        server.pull()
        assert server.events == [TlsFailed("ended", "the connection ended during the handshake")]
        assert server.machine.next_event() is PAUSED


@pytest.mark.parametrize("cut", [cut_whole, cut_bytes])
def test_garbage_instead_of_a_handshake_fails_at_once(cut: Cut) -> None:
    dice = random.Random(5)
    context = SERVER.context()
    for _ in range(30):
        server = End(TlsMachine(START, context))
        for chunk in cut(b"\x99" + dice.randbytes(40)):
            server.machine.receive_data(START, chunk)
            server.pull()
        assert len(server.events) == 1 and isinstance(server.last, TlsFailed) and server.last.code == "protocol"
        assert server.machine.output_ended and server.machine.deadline() is None


def test_http_without_tls_is_told_apart() -> None:
    server = End(TlsMachine(START, SERVER.context()))
    server.machine.receive_data(START, b"GET / HTTP/1.1\r\n\r\n")
    server.pull()
    assert server.events == [TlsFailed("protocol", "http request")]


def test_a_changed_byte_ends_the_connection_after_the_bytes_before_it() -> None:
    pair = wire()
    pair.client.machine.write(b"good")
    good = pair.client.machine.data_to_send()
    pair.client.machine.write(b"bad")
    bad = bytearray(pair.client.machine.data_to_send())
    bad[-1] ^= 1
    pair.server.machine.receive_data(START, good + bytes(bad))
    pair.server.pull()
    assert pair.server.data == b"good"
    assert isinstance(pair.server.last, TlsFailed) and pair.server.last.code == "protocol"
    with pytest.raises(LocalProtocolError):
        pair.server.machine.write(b"x")
    pair.run()
    assert isinstance(pair.client.last, TlsFailed)  # it got the alert


def test_a_handshake_has_a_deadline() -> None:
    server = End(TlsMachine(START, SERVER.context(), limits=Limits(handshake_ns=10)))
    assert server.machine.deadline() == 10
    server.machine.handle_timeout(Now(9, 0))
    assert server.machine.next_event() is NEED_DATA
    server.machine.handle_timeout(Now(10, 0))
    server.pull()
    assert server.events == [TlsFailed("timeout", "the handshake took too long")]
    assert wire().server.machine.deadline() is None


def test_a_handshake_has_a_size() -> None:
    server = End(TlsMachine(START, SERVER.context(), limits=Limits(handshake_bytes_max=1000)))
    hello = b"\x16\x03\x01\x04\x00\x01\x00\xff\xff\x03\x03" + bytes(1019)  # the first 1 KiB of a hello of 64 KiB
    server.machine.receive_data(START, hello)
    server.pull()
    assert server.events == [TlsFailed("limit", "a handshake of more than 1000 bytes")]


# ---- ends


def test_close_notify_of_the_client_first() -> None:
    pair = wire()
    pair.client.machine.write(b"bye")
    pair.client.machine.close()
    assert pair.client.machine.output_ended and not pair.client.machine.open
    pair.run()
    assert pair.server.events[1:] == [DataReceived(b"bye"), EndReceived(True)]
    pair.server.machine.write(b"still here")  # half-closed: our direction goes on
    pair.run()
    assert pair.client.data == b"still here"
    pair.server.machine.close()
    pair.run()
    assert pair.client.last == EndReceived(True)
    assert pair.client.machine.next_event() is PAUSED and pair.server.machine.next_event() is PAUSED


def test_close_notify_of_the_server_first_waits_for_nothing() -> None:
    pair = wire()
    pair.server.machine.write(b"last")
    pair.server.machine.close()
    data = pair.server.machine.data_to_send()
    assert data and pair.server.machine.output_ended
    pair.client.machine.receive_data(START, data)
    pair.client.pull()
    assert pair.client.events[1:] == [DataReceived(b"last"), EndReceived(True)]


def test_close_notifies_that_cross_each_other() -> None:
    pair = wire()
    pair.client.machine.close()
    pair.server.machine.close()
    pair.run()
    assert pair.client.last == pair.server.last == EndReceived(True)


def test_data_that_came_before_our_close_is_not_lost() -> None:
    pair = wire()
    pair.client.machine.write(b"x" * MIB)
    pair.server.machine.receive_data(START, pair.client.machine.data_to_send())
    pair.server.machine.close()
    pair.server.pull()
    assert pair.server.data == b"x" * MIB
    pair.client.machine.write(b"and more")
    pair.run()
    assert pair.server.data.endswith(b"and more") and pair.client.last == EndReceived(True)


def test_an_end_of_the_transport_is_not_a_close_notify() -> None:
    pair = wire()
    pair.client.machine.write(b"half a mess")
    pair.server.machine.receive_data(START, pair.client.machine.data_to_send())
    pair.server.machine.receive_data(START, b"")
    pair.server.pull()
    assert pair.server.events[1:] == [DataReceived(b"half a mess"), EndReceived(False)]
    pair.server.machine.write(b"answer")  # the client may have closed one direction of its socket
    pair.server.machine.close()
    pair.run()
    assert pair.client.data == b"answer" and pair.client.last == EndReceived(True)


def test_closing_before_the_handshake_says_nothing() -> None:
    server = TlsMachine(START, SERVER.context())
    server.close()
    assert server.data_to_send() == b"" and server.output_ended
    with pytest.raises(LocalProtocolError):
        server.write(b"x")


def test_writing_after_close_is_our_mistake() -> None:
    pair = wire()
    pair.server.machine.close()
    pair.server.machine.close()
    with pytest.raises(LocalProtocolError):
        pair.server.machine.write(b"x")


def test_what_follows_a_close_notify_is_dropped() -> None:
    pair = wire()
    pair.client.machine.close()
    pair.run()
    pair.server.machine.receive_data(START, b"garbage" * 100)
    assert pair.server.machine.next_event() is PAUSED


# ---- big transfers, bounded memory


@pytest.mark.parametrize("cut", [cut_whole, cut_randomly])
def test_big_transfers_in_both_directions(cut: Cut) -> None:
    size = 8 * MIB if cut is cut_whole else MIB // 8
    there, back = random.Random(1).randbytes(size), random.Random(2).randbytes(size)
    pair = wire(cut)
    pair.client.machine.write(there)
    pair.server.machine.write(back)
    pair.run()
    assert pair.server.data == there and pair.client.data == back


def test_one_event_holds_little_and_the_rest_stays_encrypted() -> None:
    pair = wire()
    pair.client.machine.write(bytes(2 * MIB))
    machine = pair.server.machine
    machine.receive_data(START, pair.client.machine.data_to_send())
    assert machine.backlogged
    sizes = []
    while isinstance(event := machine.next_event(), DataReceived):
        sizes.append(len(event.data))
    assert sum(sizes) == 2 * MIB and max(sizes) <= 80 << 10
    assert not machine.backlogged and event is NEED_DATA


def test_take_unread_returns_what_was_not_pulled() -> None:
    pair = wire()
    pair.client.machine.write(b"rest")
    pair.server.machine.receive_data(START, pair.client.machine.data_to_send())
    assert pair.server.machine.take_unread() == (b"rest", False)
    assert pair.server.machine.take_unread() == (b"", False)


# ---- channel bindings


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        (hashes.SHA256(), "sha256"),
        (hashes.SHA384(), "sha384"),
        (hashes.SHA512(), "sha512"),
        (hashes.SHA224(), "sha224"),
    ],
)
def test_the_hash_of_a_binding_is_that_of_the_signature(algorithm: hashes.HashAlgorithm, name: str) -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        der = AUTHORITY.self_signed("x", key, algorithm, pss=False)
        assert end_point_hash(der) == hashlib.new(name, der).digest()
        if isinstance(key, rsa.RSAPrivateKey):
            der = AUTHORITY.self_signed("x", key, algorithm, pss=True)
            assert end_point_hash(der) == hashlib.new(name, der).digest()


def test_a_signature_without_one_hash_has_no_binding() -> None:
    der = AUTHORITY.self_signed("x", ed25519.Ed25519PrivateKey.generate(), None, pss=False)
    assert end_point_hash(der) is None


def test_what_is_no_certificate_has_no_binding() -> None:
    dice = random.Random(3)
    for size in range(len(SERVER.der)):
        assert end_point_hash(SERVER.der[:size]) is None
    for _ in range(500):
        damaged = bytearray(SERVER.der)
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        found = end_point_hash(bytes(damaged))
        assert found is None or len(found) in (28, 32, 48, 64)


# ---- names asked for


def hello(name: str | None) -> bytes:
    machine = TlsMachine(START, ClientContext(client_context(AUTHORITY), name))
    machine.next_event()
    return machine.data_to_send()


def fragmented(record: bytes, size: int) -> bytes:
    """Return a handshake message in records of a few bytes each."""
    body = record[5:]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece for piece in pieces)


def test_the_name_in_a_hello_is_read_however_it_is_fragmented() -> None:
    record = hello("DB.example")
    assert name_asked(record) == "db.example"
    for size in (1, 2, 3, 5, 100):
        pieces = fragmented(record, size)
        assert name_asked(pieces) == "db.example"
        assert name_asked(pieces[:-1]) is NEED_DATA
    for size in range(len(record)):
        assert name_asked(record[:size]) is NEED_DATA


def test_a_handshake_in_fragments_is_completed() -> None:
    server, client = (
        End(TlsMachine(START, SERVER.context())),
        End(TlsMachine(START, ClientContext(client_context(AUTHORITY), "db.example"))),
    )
    client.pull()
    server.machine.receive_data(START, fragmented(client.machine.data_to_send(), 50))
    server.pull()
    client.machine.receive_data(START, server.machine.data_to_send())
    client.pull()
    server.machine.receive_data(START, client.machine.data_to_send())
    server.pull()
    assert server.handshake.server_name == "db.example"


def test_a_hello_without_a_usable_name_asks_for_none() -> None:
    assert name_asked(hello("127.0.0.1")) is None
    named = hello("db.example")
    assert name_asked(named.replace(b"db.example", b"d\xe2.example")) is None
    assert name_asked(b"GET / HTTP/1.1\r\n") is None
    assert name_asked(b"\x16\x03\x01\x40\x00\x01\xff\xff\xff\x03\x03") is None
    assert name_asked(b"\x16\x03\x01\x00\x00") is None


def test_a_name_that_is_not_ascii_does_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    server = End(TlsMachine(START, SERVER.context()))
    server.machine.receive_data(START, hello("db.example").replace(b"db.example", b"d\xe2.example"))
    server.pull()
    assert server.events == [] and server.machine.data_to_send()
    assert capfd.readouterr().err == ""


def test_damaged_hellos_have_a_name_or_none() -> None:
    dice = random.Random(4)
    record = hello("db.example")
    for _ in range(2000):
        damaged = bytearray(record)
        for _ in range(dice.randint(1, 3)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        found = name_asked(bytes(damaged))
        assert found is None or found is NEED_DATA or isinstance(found, str)
