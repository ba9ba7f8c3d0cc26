"""TLS at the whole node: asked for, direct, by ALPN; certificates, reload, ends, and handshakes that take their turns."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import pytest

from rustydb_engine.node.fronts import ALPN
from rustydb_proto import binary
from rustydb_proto.binary import events as native_events
from rustydb_proto.binary import messages as native_messages
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.pg import client_messages as pg
from rustydb_proto.pg import framing
from rustydb_proto.pg.client import ClientMachine
from rustydb_proto.sniff import HTTP2_PREFACE
from rustydb_proto.tls import (
    ClientContext,
    DataReceived,
    EndReceived,
    HandshakeCompleted,
    TlsEvent,
    TlsFailed,
    TlsMachine,
)
from tests.node.support import Client, Host
from tests.support.certificates import Authority, Issued, client_context

AUTHORITY = Authority()
SERVER = AUTHORITY.issue("db.example", names=["db.example"])
ADMIN = AUTHORITY.issue("admin")
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def server(verify: ssl.VerifyMode = ssl.CERT_NONE, issued: Issued = SERVER, **settings: object) -> Host:
    return Host(tls=issued.context(AUTHORITY, verify, alpn=ALPN), **settings)  # type: ignore[arg-type]  # Config's


@pytest.fixture(scope="module")
def host() -> Host:
    return server()


class Secured:
    """A client's end of TLS over a connection of the node."""

    def __init__(
        self, client: Client, alpn: Sequence[str] = (), certificate: Issued | None = None, step: int = 1 << 20
    ) -> None:
        context = client_context(AUTHORITY, certificate, alpn)
        self.client = client
        self.tls = TlsMachine(client.host.now, ClientContext(context, "db.example"))
        self.events: list[TlsEvent] = []
        self._step = step
        self.exchange()

    def exchange(self) -> None:
        """Carry bytes to and fro until both are quiet."""
        self._pull()
        while data := self.tls.data_to_send():
            for at in range(0, len(data), self._step):
                self._take(self.client.send(data[at : at + self._step]))

    def _take(self, data: bytes) -> None:
        if data:
            self.tls.receive_data(self.client.host.now, data)
            self._pull()

    def _pull(self) -> None:
        while not isinstance(event := self.tls.next_event(), Stop):
            self.events.append(event)

    def send(self, data: bytes) -> bytes:
        """Send plaintext, and return what came back."""
        self.tls.write(data)
        before = len(self.data)
        self.exchange()
        return self.data[before:]

    @property
    def data(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, DataReceived))

    @property
    def handshake(self) -> HandshakeCompleted:
        assert isinstance(self.events[0], HandshakeCompleted), self.events
        return self.events[0]


def log_in(secured: Secured, user: str = "admin", password: str = "admin") -> list[object]:
    """Go through startup over TLS, with channel binding; return the events of a query."""
    now = secured.client.host.now
    machine = ClientMachine(now, Entropy(bytes(32)), user, "rustydb", password=password, tls=True)
    machine.data_to_send()  # its SSLRequest was sent before
    machine.receive_data(now, b"S")
    machine.next_event()
    machine.tls_started(secured.handshake.channel_binding)
    events: list[object] = []
    while data := machine.data_to_send():
        machine.receive_data(now, secured.send(data))
        while not isinstance(event := machine.next_event(), Stop):
            events.append(event)
            if isinstance(event, pg.SessionStarted):
                machine.send(now, pg.Query("SELECT 6 * 7"))
    return events


def answers(events: list[object]) -> bool:
    return any(isinstance(event, pg.RowsReceived) and b"42" in event.rows[0] for event in events)


def asked(host: Host, listener: str = "postgresql") -> Client:
    """Return a client that has asked for TLS and may have it."""
    client = host.accept(listener)
    assert client.send(framing.ssl_request()) == b"S"
    return client


@pytest.mark.parametrize("step", [1 << 20, 1, 11])
@pytest.mark.parametrize("listener", ["postgresql", "any"])
def test_a_session_after_an_ssl_request(host: Host, listener: str, step: int) -> None:
    secured = Secured(asked(host, listener), step=step)
    assert answers(log_in(secured))


@pytest.mark.parametrize("alpn", [(), ("postgresql",)])
@pytest.mark.parametrize("listener", ["postgresql", "any"])
def test_a_session_over_direct_tls(host: Host, listener: str, alpn: tuple[str, ...]) -> None:
    secured = Secured(host.accept(listener), alpn)
    assert secured.handshake.alpn == (alpn[0] if alpn else None)
    assert answers(log_in(secured))


def test_a_client_without_tls_is_still_served(host: Host) -> None:
    assert host.connect().ask("SELECT 1").rows == [(b"1",)]


def test_the_whole_conversation_in_one_delivery(host: Host) -> None:
    """What a client sends behind its Finished is read when the handshake is complete."""
    client = asked(host)
    tls = TlsMachine(host.now, ClientContext(client_context(AUTHORITY), "db.example"))
    tls.next_event()
    tls.receive_data(host.now, client.send(tls.data_to_send()))
    assert isinstance(tls.next_event(), HandshakeCompleted)
    tls.write(framing.startup({"user": "admin", "database": "rustydb"}))
    tls.receive_data(host.now, client.send(tls.data_to_send()))
    event = tls.next_event()
    assert isinstance(event, DataReceived) and b"SCRAM-SHA-256-PLUS" in event.data


def test_plaintext_behind_an_ssl_request_is_fatal(host: Host) -> None:
    client = host.accept()
    answer = client.send(framing.ssl_request() + framing.startup({"user": "admin"}))
    assert not answer.startswith(b"S") and client.closed
    client = asked(host)
    client.send(framing.startup({"user": "admin"}))
    assert client.closed


def test_tls_is_asked_for_once(host: Host) -> None:
    secured = Secured(asked(host))
    answer = secured.send(framing.ssl_request())
    assert b"unsupported frontend protocol 1234.5679" in answer
    assert secured.client.closed


def test_channel_binding_of_another_certificate_fails(host: Host) -> None:
    secured = Secured(asked(host))
    secured.events[0] = HandshakeCompleted("", "", None, None, None, bytes(32))
    events = log_in(secured)
    assert any(isinstance(event, pg.ErrorReceived) for event in events) and not answers(events)


@pytest.mark.parametrize("alpn", [(), ("http/1.1",), ("h2", "http/1.1")])
def test_http_inside_tls_on_the_one_port(host: Host, alpn: tuple[str, ...]) -> None:
    secured = Secured(host.accept("any"), alpn)
    assert secured.handshake.alpn in (None, "http/1.1")
    assert secured.send(REQUEST).startswith(b"HTTP/1.1 501 ")
    assert secured.events[-1] == EndReceived(True) and secured.client.conn in host.ended


def test_http_2_inside_tls(host: Host) -> None:
    assert Secured(host.accept("any")).send(HTTP2_PREFACE)[12] == 7


def native(secured: Secured, **options: object) -> list[object]:
    """Open a native session over TLS and ask; return the events."""
    now = secured.client.host.now
    given = {"user": "admin", "password": "admin", "database": "rustydb"} | options
    machine = binary.ClientMachine(
        now,
        Entropy(bytes(32)),
        channel_binding=secured.handshake.channel_binding,
        **given,  # type: ignore[arg-type]  # options
    )
    events: list[object] = []
    while data := machine.data_to_send():
        machine.receive_data(now, secured.send(data))
        while not isinstance(event := machine.next_event(), Stop):
            events.append(event)
            if isinstance(event, native_events.SessionStarted):
                machine.request(now, native_messages.Query("SELECT 6 * 7"))
    return events


def native_answers(events: list[object]) -> bool:
    results = [event.response for event in events if isinstance(event, native_events.ResponseReceived)]
    return len(results) == 1 and isinstance(results[0], native_messages.QueryResult)


@pytest.mark.parametrize("alpn", [(), ("rustydb",)])
@pytest.mark.parametrize("listener", ["postgresql", "any"])
def test_the_native_protocol_inside_tls(host: Host, listener: str, alpn: tuple[str, ...]) -> None:
    assert native_answers(native(Secured(host.accept(listener), alpn)))


def test_the_native_protocol_binds_to_the_certificate_and_lets_it_log_in() -> None:
    secured = Secured(server().accept("any"))
    secured.events[0] = HandshakeCompleted("", "", None, None, None, bytes(32))
    assert not native_answers(native(secured))
    host = server(ssl.CERT_OPTIONAL, certificate_login=True, tls_required=True)
    assert native_answers(native(Secured(host.accept("any"), certificate=ADMIN), password="wrong"))
    assert not native_answers(native(Secured(host.accept("any"), certificate=AUTHORITY.issue("ann"))))
    assert native_answers(native(Secured(host.accept("any"))))


def test_an_alpn_that_is_not_spoken_there_ends_the_connection(host: Host) -> None:
    secured = Secured(host.accept("postgresql"), ("http/1.1",))
    assert secured.events[1:] == [EndReceived(True)] and secured.client.closed
    secured = Secured(asked(host), ("http/1.1",))
    assert secured.client.closed


def test_tls_inside_tls_ends_the_connection(host: Host) -> None:
    secured = Secured(host.accept("any"))
    secured.send(b"\x16\x03\x01\x00\x40\x01")
    assert secured.client.closed


# ---- certificates of clients


def refusal(events: list[object]) -> str:
    errors = [event for event in events if isinstance(event, pg.ErrorReceived)]
    return errors[0].fields["M"] if errors else ""


def test_a_certificate_logs_in_without_a_password() -> None:
    host = server(ssl.CERT_OPTIONAL, certificate_login=True)
    assert answers(log_in(Secured(asked(host), certificate=ADMIN), password="wrong"))
    assert answers(log_in(Secured(host.accept(), certificate=ADMIN), password="wrong"))


def test_a_certificate_of_somebody_else_does_not() -> None:
    host = server(ssl.CERT_OPTIONAL, certificate_login=True)
    events = log_in(Secured(asked(host), certificate=AUTHORITY.issue("ann")))
    assert refusal(events) == 'certificate authentication failed for user "admin"'
    assert host.logs[-1].fields["why"] == 'The common name of the certificate is "ann".'
    events = log_in(Secured(asked(host), certificate=AUTHORITY.issue("ann")), user="ann")
    assert refusal(events) == 'role "ann" does not exist'


def test_without_certificate_login_a_certificate_is_not_enough() -> None:
    host = server(ssl.CERT_REQUIRED)
    assert "password authentication failed" in refusal(log_in(Secured(asked(host), certificate=ADMIN), password="x"))
    assert answers(log_in(Secured(asked(host), certificate=ADMIN)))


def test_without_a_certificate_a_password_is_asked_for() -> None:
    host = server(ssl.CERT_OPTIONAL, certificate_login=True)
    assert answers(log_in(Secured(asked(host))))
    assert "password authentication failed" in refusal(log_in(Secured(asked(host)), password="x"))


def test_a_certificate_that_is_required_and_missing_ends_the_handshake() -> None:
    host = server(ssl.CERT_REQUIRED)
    secured = Secured(asked(host))
    assert isinstance(secured.events[-1], TlsFailed) and secured.client.closed
    assert host.logs[-1].fields["why"] == "peer did not return a certificate"


def test_sessions_without_tls_are_refused_where_it_is_required() -> None:
    host = server(tls_required=True)
    client = host.accept()
    client.log_in()
    assert client.fatal is not None and client.fatal.fields["C"] == "28000"
    assert "requires TLS" in client.fatal.fields["M"]
    assert answers(log_in(Secured(asked(host))))


def test_a_unix_socket_needs_no_tls() -> None:
    host = server(tls_required=True)
    assert host.accept(local="/run/rustydb/.s.PGSQL.5432").send(framing.ssl_request()) == b"N"
    client = host.accept(local="/run/rustydb/.s.PGSQL.5432")
    client.log_in()
    assert client.fatal is None and client.ask("SELECT 1").rows == [(b"1",)]


def test_pg_stat_ssl_says_who_is_encrypted() -> None:
    host = server(ssl.CERT_OPTIONAL, certificate_login=True)
    client = host.connect()
    secured = Secured(asked(host), certificate=ADMIN)
    log_in(secured)
    log_in(Secured(asked(host)))
    assert client.ask("SHOW ssl").rows == [(b"on",)] and Host().connect().ask("SHOW ssl").rows == [(b"off",)]
    columns = "ssl, version, cipher, bits, client_dn, client_serial, issuer_dn"
    rows = client.ask(f"SELECT {columns} FROM pg_stat_ssl ORDER BY pid").rows
    cipher = (b"t", b"TLSv1.3", b"TLS_AES_256_GCM_SHA384", b"256")
    serial = str(ADMIN.certificate.serial_number).encode()
    assert rows == [
        (b"f", None, None, None, None, None, None),
        (*cipher, b"/CN=admin", serial, b"/CN=test authority"),
        (*cipher, None, None, None),
    ]


# ---- life


def test_a_reload_is_for_new_connections() -> None:
    host = server()
    old = Secured(asked(host))
    renewed = AUTHORITY.issue("db.example", names=["db.example"])
    host.step(io.Reloaded({}, renewed.context(alpn=ALPN)))
    new = Secured(asked(host))
    assert old.handshake.certificate is not None and old.handshake.certificate.der == SERVER.der
    assert new.handshake.certificate is not None and new.handshake.certificate.der == renewed.der
    assert answers(log_in(old)) and answers(log_in(new))


def test_a_client_that_says_goodbye_gets_a_goodbye(host: Host) -> None:
    secured = Secured(asked(host))
    log_in(secured)
    secured.send(framing.TERMINATE)
    assert secured.events[-1] == EndReceived(True) and secured.client.closed


def test_a_close_notify_ends_the_session(host: Host) -> None:
    secured = Secured(asked(host))
    log_in(secured)
    sessions = len(host.node.sessions)
    secured.tls.close()
    secured.exchange()
    assert secured.client.closed and len(host.node.sessions) == sessions - 1


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_an_end_of_the_transport_ends_the_connection(host: Host, when: str) -> None:
    client = asked(host)
    if when == "during":
        tls = TlsMachine(host.now, ClientContext(client_context(AUTHORITY), "db.example"))
        tls.next_event()
        client.send(tls.data_to_send()[:100])
    elif when == "after":
        Secured(client)
    client.send(b"")
    assert client.closed and client.conn not in host.node.connections


def test_a_lost_connection_is_forgotten_during_the_handshake(host: Host) -> None:
    client = asked(host)
    tls = TlsMachine(host.now, ClientContext(client_context(AUTHORITY), "db.example"))
    tls.next_event()
    data = tls.data_to_send()
    host.node.step(host.now, [io.Received(client.conn, data), io.Lost(client.conn, "reset")])
    host.step()
    assert client.conn not in host.node.connections


def test_garbage_ends_the_handshake_with_a_line_in_the_log(host: Host) -> None:
    client = asked(host)
    client.send(b"\x99" * 50)
    assert client.closed and host.logs[-1].event == "TLS failed"


def test_a_handshake_that_takes_too_long_is_given_up() -> None:
    host = server()
    client = asked(host)
    client.send(b"\x16\x03\x01")
    host.wait(59.0)
    assert not client.closed
    host.wait(2.0)
    assert client.closed


def test_shutdown_says_goodbye_inside_tls() -> None:
    host = server()
    secured = Secured(asked(host))
    log_in(secured)
    asking = asked(host)
    host.step(io.ShutdownRequested(graceful=True))
    secured._take(secured.client.take())
    assert b"57P01" in secured.data and secured.events[-1] == EndReceived(True)
    assert asking.closed and host.halted is not None


def test_handshakes_take_their_turns() -> None:
    """A step does as many handshakes as it has slices; who is in is answered meanwhile."""
    host = server(steps_ticks_max=4)
    inside = host.connect()
    hellos = []
    for _ in range(20):
        client = host.accept()
        tls = TlsMachine(host.now, ClientContext(client_context(AUTHORITY), "db.example"))
        tls.next_event()
        hellos.append(io.Received(client.conn, tls.data_to_send()))
    effects = host.node.step(host.now, [*hellos, io.Received(inside.conn, framing.query("SELECT 1"))])
    shaken = [effect for effect in effects if isinstance(effect, io.Send) and effect.data[0] == 0x16]
    assert len(shaken) == 4
    steps = 1
    answered = False
    while not answered:
        effects = host.node.step(host.now, [])
        answered = any(isinstance(effect, io.Send) and effect.conn == inside.conn for effect in effects)
        steps += 1
    assert steps <= 6


def test_a_long_result_stops_while_the_socket_is_blocked() -> None:
    host = server()
    secured = Secured(asked(host))
    log_in(secured)
    secured.tls.write(framing.query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"))
    conn = secured.client.conn
    effects = host.node.step(host.now, [io.Received(conn, secured.tls.data_to_send()), io.WriteBlocked(conn)])
    for _ in range(50):
        effects += host.node.step(host.now, [])
    sent = sum(len(effect.data) for effect in effects if isinstance(effect, io.Send))
    assert sent < 1 << 20
    for effect in effects:
        if isinstance(effect, io.Send):
            secured._take(effect.data)
    host.step(io.WriteReady(conn))
    secured._take(secured.client.take())
    assert secured.data.count(b"x" * 1000) == 20_000
