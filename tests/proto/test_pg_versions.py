"""Version 3.2 and its longer keys, negotiation, replication connections, TLS that begins with the first byte."""

import pytest
from pg_support import CUTS, SEED, START, STARTUP, Pair, open_session, pull, server

from rustydb_proto.pg import (
    PAUSED,
    Authenticate,
    Authenticated,
    CancelReceived,
    ClientMachine,
    ConnectionEnded,
    Entropy,
    Limits,
    LocalProtocolError,
    ProtocolFailed,
    ServerEvent,
    ServerMachine,
    SessionReady,
    SessionStarted,
    StartupReceived,
    Stop,
    SwitchProtocol,
    VersionNegotiated,
    framing,
)

LONG_KEY = bytes(range(1, 65))


def client(**options: object) -> ClientMachine:
    return ClientMachine(START, Entropy(SEED), "ann", **options)  # type: ignore[arg-type]  # test options pass through


def admit(machine: ServerMachine, event: ServerEvent) -> None:
    if isinstance(event, StartupReceived):
        machine.send(START, Authenticate("trust"))
    elif isinstance(event, Authenticated):
        machine.send(START, SessionReady({}, 7, LONG_KEY))


@pytest.mark.parametrize("cut", CUTS)
def test_version_3_2_has_longer_keys(cut) -> None:
    joined = Pair(client(minor=2), server(minor_max=2), admit, cut)
    assert joined.run() == [SessionStarted({}, 7, LONG_KEY)]
    assert joined.server_events[0] == StartupReceived("ann", "ann", {}, "", 2)
    other = server(minor_max=2)
    other.receive_data(START, joined.client.cancel_request())
    assert other.next_event() == CancelReceived(7, LONG_KEY)


def test_a_long_key_is_refused_in_version_3_0() -> None:
    joined = Pair(client(), server(minor_max=2), admit)
    with pytest.raises(LocalProtocolError, match=r"a secret key of 64 bytes in version 3\.0"):
        joined.run()


@pytest.mark.parametrize("size", [0, 3, 257])
def test_a_key_of_impossible_length_is_refused_by_both(size: int) -> None:
    machine = client(minor=2)
    machine.receive_data(START, framing.AUTHENTICATION_OK + framing.backend_key_data(7, bytes(size)))
    event = machine.next_event()
    assert isinstance(event, ProtocolFailed) and f"a secret key of {size} bytes" in event.message
    other = server(minor_max=2)
    other.receive_data(START, framing.cancel_request(7, bytes(size)))
    assert isinstance(other.next_event(), ProtocolFailed)


def test_a_client_of_version_3_2_meets_a_server_of_3_0() -> None:
    def short_key(machine: ServerMachine, event: ServerEvent) -> None:
        admit(machine, event) if isinstance(event, StartupReceived) else machine.send(
            START, SessionReady({}, 7, b"key!")
        )

    joined = Pair(client(minor=2, parameters={"_pq_.x": "1"}), server(), short_key)
    assert joined.run() == [VersionNegotiated(0, ("_pq_.x",)), SessionStarted({}, 7, b"key!")]
    assert joined.server_events[0] == StartupReceived("ann", "ann", {}, "", 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\0\3\0\0\0\0\0\0", "asks for no change"),
        (b"\0\3\0\1\0\0\0\0", "offers version 3.1"),
        (b"\0\2\0\0\0\0\0\0", "offers version 2.0"),
        (b"\0\3\0\0\0\0\0\1x\0", "without"),
        (b"\0\3\0\0\xff\xff\xff\xff", "invalid string"),
        (b"\0\3\0\0\0\0\0\0\0", "invalid message format"),
    ],
)
def test_a_negotiation_that_makes_no_sense_is_refused(body: bytes, words: str) -> None:
    machine = client()
    machine.receive_data(START, framing.message(b"v", body))
    event = machine.next_event()
    assert isinstance(event, ProtocolFailed) and words in event.message


@pytest.mark.parametrize(
    ("asked", "kind"),
    [("true", "physical"), ("1", "physical"), ("on", "physical"), ("database", "logical"), ("off", ""), ("no", "")],
)
def test_a_replication_connection_says_its_kind(asked: str, kind: str) -> None:
    machine = server(replication=True)
    machine.receive_data(START, framing.startup({"user": "ann", "replication": asked}))
    assert machine.next_event() == StartupReceived("ann", "ann", {}, kind, 0)


def test_replication_that_is_neither_is_refused_in_postgresqls_words() -> None:
    machine = server(replication=True)
    machine.receive_data(START, framing.startup({"user": "ann", "replication": "o"}))
    assert machine.next_event() == ProtocolFailed("22023", 'invalid value for parameter "replication": "o"')
    assert b'HValid values are: "false", 0, "true", 1, "database".\0' in machine.data_to_send()


def test_tls_from_the_first_byte_offers_channel_binding() -> None:
    machine = server(tls=True)
    machine.tls_started(b"certificate hash")
    machine.receive_data(START, STARTUP)
    assert isinstance(machine.next_event(), StartupReceived)
    machine.send(START, Authenticate("scram-sha-256"))
    assert b"SCRAM-SHA-256-PLUS\0" in machine.data_to_send()


def test_no_second_tls_within_the_first() -> None:
    machine = server(tls=True)
    machine.tls_started()
    machine.receive_data(START, framing.ssl_request())
    assert isinstance(machine.next_event(), ProtocolFailed)


def test_bytes_in_clear_text_that_were_fed_before_the_handshake_are_refused() -> None:
    machine = server(tls=True)
    machine.receive_data(START, framing.ssl_request())
    assert machine.next_event() == SwitchProtocol("tls")
    machine.receive_data(START, STARTUP)
    machine.tls_started()
    assert machine.next_event() == ProtocolFailed("08P01", "received unencrypted data after SSL request")
    asking = client(tls=True)
    asking.receive_data(START, b"S")
    assert asking.next_event() == SwitchProtocol("tls")
    asking.receive_data(START, framing.AUTHENTICATION_OK)
    asking.tls_started()
    assert asking.next_event() == ProtocolFailed("08P01", "received unencrypted data after SSL response")


def test_a_client_that_prefers_tls_goes_on_without() -> None:
    machine = client(tls=True, tls_required=False)
    assert machine.data_to_send() == framing.ssl_request()
    machine.receive_data(START, b"N")
    assert isinstance(machine.next_event(), Stop)
    assert machine.data_to_send() == framing.startup({"user": "ann", "database": "ann"})


def test_a_flood_before_the_embedder_decided_is_held_back() -> None:
    machine = server(limits=Limits(backlog_bytes_max=1000))
    machine.receive_data(START, STARTUP)
    assert isinstance(machine.next_event(), StartupReceived)
    assert not machine.backlogged
    # The header promises a message that never becomes whole.
    machine.receive_data(START, b"Q" + (1 << 29).to_bytes(4, "big") + bytes(2000))
    assert machine.next_event() is PAUSED
    assert machine.backlogged


def test_the_end_of_a_busy_connection_can_be_seen_before_it_is_reported() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("select 1"))
    assert len(pull(machine)) == 1
    machine.receive_data(START, b"")
    assert machine.next_event() is PAUSED
    assert machine.input_ended
    machine.ready("I")
    assert pull(machine) == [ConnectionEnded(True)]
