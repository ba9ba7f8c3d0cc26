"""Startup: packets, encryption requests, cancel requests, versions, options, timeouts."""

import pytest
from pg_support import CUTS, START, STARTUP, cut_bytes, error, message_types, pull, server

from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.time import NS_PER_S, Now
from rustydb_proto.pg import (
    NEED_DATA,
    PAUSED,
    Authenticate,
    Authenticated,
    AuthenticationFailed,
    CancelReceived,
    ConnectionEnded,
    Limits,
    ProtocolFailed,
    SessionReady,
    StartupReceived,
    SwitchProtocol,
    framing,
)
from rustydb_proto.pg.startup import Startup, StartupRefused, parse_startup, split_options


@pytest.mark.parametrize("cut", CUTS)
def test_a_startup_packet_is_an_event_with_its_parameters(cut) -> None:
    machine = server()
    packet = framing.startup({"user": "ann", "database": "shop", "application_name": "psql"})
    for piece in cut(packet):
        assert machine.next_event() is NEED_DATA
        machine.receive_data(START, piece)
    assert machine.next_event() == StartupReceived("ann", "shop", {"application_name": "psql"})
    assert machine.next_event() is PAUSED


def test_the_database_defaults_to_the_user() -> None:
    machine = server()
    machine.receive_data(START, framing.startup({"user": "ann"}))
    assert machine.next_event() == StartupReceived("ann", "ann", {})


@pytest.mark.parametrize("cut", CUTS)
def test_encryption_requests_are_answered_n_in_any_order(cut) -> None:
    for requests in (
        framing.gssenc_request() + framing.ssl_request(),
        framing.ssl_request() + framing.gssenc_request(),
        framing.ssl_request(),
        framing.gssenc_request(),
    ):
        machine = server()
        for piece in cut(requests + STARTUP):
            machine.receive_data(START, piece)
            if not isinstance(machine.next_event(), StartupReceived):
                continue
        assert machine.data_to_send() == b"N" * (len(requests) // 8)


def test_a_second_ssl_request_is_an_unknown_protocol() -> None:
    machine = server()
    machine.receive_data(START, framing.ssl_request() * 2)
    assert machine.next_event() == ProtocolFailed(
        "0A000", "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0"
    )


def test_an_ssl_request_is_granted_and_the_startup_packet_read_again() -> None:
    machine = server(tls=True)
    machine.receive_data(START, framing.ssl_request())
    assert machine.next_event() == SwitchProtocol("tls")
    assert machine.data_to_send() == b"S"
    assert machine.next_event() is PAUSED
    machine.tls_started(b"certificate hash")
    machine.receive_data(START, STARTUP)
    assert isinstance(machine.next_event(), StartupReceived)
    machine.send(START, Authenticate("scram-sha-256"))
    assert b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0" in machine.data_to_send()


def test_clear_text_behind_a_granted_ssl_request_is_fatal() -> None:
    machine = server(tls=True)
    machine.receive_data(START, framing.ssl_request() + STARTUP)
    assert machine.next_event() == ProtocolFailed("08P01", "received unencrypted data after SSL request")
    assert machine.output_ended


def test_a_cancel_request_is_an_event_without_a_reply() -> None:
    machine = server()
    machine.receive_data(START, framing.cancel_request(42, bytes.fromhex("ffffffff")) + b"trailing")
    assert machine.next_event() == CancelReceived(42, bytes.fromhex("ffffffff"))
    assert machine.data_to_send() == b""
    assert machine.output_ended
    assert machine.next_event() is PAUSED


def test_a_cancel_request_of_another_length_is_refused() -> None:
    machine = server()
    machine.receive_data(START, b"\0\0\0\x0c\x04\xd2\x16\x2e\0\0\0\0")
    assert machine.next_event() == ProtocolFailed("08P01", "invalid length of query cancel packet")
    assert machine.data_to_send() == b"", "PostgreSQL hangs up without a word"


@pytest.mark.parametrize(("minor", "options"), [(2, []), (0, ["_pq_.command_tag"]), (2, ["_pq_.a", "_pq_.b"])])
def test_newer_versions_and_options_are_negotiated_down(minor: int, options: list[str]) -> None:
    machine = server()
    parameters = {"user": "ann", "application_name": "x"} | dict.fromkeys(options, "on")
    machine.receive_data(START, framing.startup(parameters, framing.PROTOCOL_3_0 + minor))
    assert machine.next_event() == StartupReceived("ann", "ann", {"application_name": "x"})
    assert machine.data_to_send() == framing.negotiate_protocol_version(framing.PROTOCOL_3_0, options)


@pytest.mark.parametrize("version", [0, 2 << 16, 4 << 16, 0x47455420])
def test_other_major_versions_are_refused(version: int) -> None:
    machine = server()
    machine.receive_data(START, framing.startup({"user": "ann"}, version))
    event = machine.next_event()
    assert isinstance(event, ProtocolFailed) and event.sqlstate == "0A000"
    if version >> 16 < 3:
        assert machine.data_to_send() == b"EFATAL:  " + event.message.encode() + b"\n\0", "protocol 2's form"
    else:
        assert message_types(machine.data_to_send()) == "E"


@pytest.mark.parametrize("length", [0, 4, 7, 10_001, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("cut", CUTS)
def test_a_startup_packet_of_impossible_length_is_refused_before_it_comes(length: int, cut) -> None:
    machine = server()
    for piece in cut(length.to_bytes(4, "big")):
        machine.receive_data(START, piece)
        event = machine.next_event()
    assert event == ProtocolFailed("08P01", "invalid length of startup packet")


def test_a_probe_that_hangs_up_is_a_clean_end() -> None:
    machine = server()
    machine.receive_data(START, b"")
    assert machine.next_event() == ConnectionEnded(True)
    assert machine.next_event() is PAUSED
    assert machine.data_to_send() == b""


def test_an_end_within_the_startup_packet_is_not_clean() -> None:
    machine = server()
    machine.receive_data(START, STARTUP[:9])
    machine.receive_data(START, b"")
    assert machine.next_event() == ConnectionEnded(False)


def test_a_startup_packet_without_a_user_is_refused() -> None:
    machine = server()
    machine.receive_data(START, framing.startup({"database": "shop"}))
    assert machine.next_event() == ProtocolFailed("28000", "no PostgreSQL user name specified in startup packet")


@pytest.mark.parametrize(
    "body",
    [b"", b"user", b"user\0ann", b"user\0ann\0", b"user\0ann\0\0x\0", b"user\0\0", b"user\0ann\0database\0\0\0\0"],
)
def test_a_startup_packet_of_wrong_layout_is_refused(body: bytes) -> None:
    result = parse_startup(body)
    assert isinstance(result, StartupRefused) and result.sqlstate == "08P01"


def test_an_empty_value_is_a_value() -> None:
    assert parse_startup(b"user\0ann\0application_name\0\0\0") == Startup("ann", "ann", {"application_name": ""}, [])


def test_names_are_cut_to_what_an_identifier_holds() -> None:
    result = parse_startup(b"user\0" + "ä".encode() * 40 + b"\0\0")
    assert isinstance(result, Startup) and result.user == "ä" * 31


def test_replication_is_refused_unless_it_is_off() -> None:
    refused = parse_startup(b"user\0ann\0replication\0database\0\0")
    assert isinstance(refused, StartupRefused) and refused.sqlstate == "0A000"
    assert isinstance(parse_startup(b"user\0ann\0replication\0false\0\0"), Startup)


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ("-c geqo=off", {"geqo": "off"}),
        ("-cgeqo=off", {"geqo": "off"}),
        ("--search-path=a,b", {"search_path": "a,b"}),
        (r"-c search_path=a,\ b  --x=\\y", {"search_path": "a, b", "x": "\\y"}),
        ("-c a=1 -c b=c=d\t--e=", {"a": "1", "b": "c=d", "e": ""}),
        ("", {}),
        ("  ", {}),
    ],
)
def test_options_set_parameters(options: str, parameters: dict[str, str]) -> None:
    result = parse_startup(b"user\0ann\0options\0" + options.encode() + b"\0\0")
    assert isinstance(result, Startup) and result.parameters == parameters


def test_a_parameter_by_name_wins_over_options() -> None:
    result = parse_startup(b"user\0ann\0geqo\0on\0options\0-c geqo=off\0\0")
    assert isinstance(result, Startup) and result.parameters == {"geqo": "on"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("-c geqo", "-c geqo requires a value"),
        ("--geqo", "--geqo requires a value"),
        ("-c", "-c  requires a value"),
        ("-x", "invalid command-line argument for server process: -x"),
        ("geqo=off", "invalid command-line argument for server process: geqo=off"),
    ],
)
def test_other_options_are_refused(options: str, message: str) -> None:
    result = parse_startup(b"user\0ann\0options\0" + options.encode() + b"\0\0")
    assert isinstance(result, StartupRefused) and (result.sqlstate, result.message) == ("42601", message)


def test_a_backslash_at_the_end_of_options_stands_for_nothing() -> None:
    assert split_options("a\\") == ["a"]
    assert split_options("a\\ b c") == ["a b", "c"]


def test_silence_before_the_startup_packet_ends_the_connection_without_a_word() -> None:
    machine = server(limits=Limits(startup_ns=5 * NS_PER_S))
    assert machine.deadline() == 5 * NS_PER_S
    machine.handle_timeout(Now(5 * NS_PER_S - 1, 0))
    assert machine.next_event() is NEED_DATA
    machine.handle_timeout(Now(5 * NS_PER_S, 0))
    assert isinstance(machine.next_event(), ProtocolFailed)
    assert machine.data_to_send() == b"" and machine.output_ended and machine.deadline() is None


def test_silence_during_authentication_is_answered() -> None:
    machine = server(limits=Limits(startup_ns=5 * NS_PER_S))
    machine.receive_data(START, STARTUP)
    machine.next_event()
    machine.send(START, Authenticate("md5", None))
    machine.data_to_send()
    machine.handle_timeout(Now(6 * NS_PER_S, 0))
    assert machine.next_event() == ProtocolFailed("57014", "canceling authentication due to timeout")
    assert message_types(machine.data_to_send()) == "E"


def test_a_session_has_no_startup_deadline() -> None:
    machine = server()
    machine.receive_data(START, STARTUP)
    machine.next_event()
    machine.send(START, Authenticate("trust"))
    assert machine.next_event() == Authenticated("ann")
    machine.send(START, SessionReady({"a": "b"}, 1, b"key!"))
    assert machine.deadline() is None
    assert machine.data_to_send() == (
        framing.AUTHENTICATION_OK
        + framing.parameter_status("a", "b")
        + framing.backend_key_data(1, b"key!")
        + framing.READY_IDLE
    )


def test_any_error_before_the_session_ends_the_connection() -> None:
    machine = server()
    machine.receive_data(START, STARTUP)
    machine.next_event()
    machine.send(START, error("3D000", 'database "shop" does not exist', "FATAL"))
    assert machine.output_ended
    assert machine.next_event() is PAUSED


def test_anything_but_a_password_during_authentication_is_refused() -> None:
    machine = server()
    machine.receive_data(START, STARTUP)
    machine.next_event()
    machine.send(START, Authenticate("scram-sha-256", None))
    machine.receive_data(START, framing.query("select 1"))
    assert machine.next_event() == ProtocolFailed("08P01", "expected SASL response, got message type 81")


def test_an_oversized_authentication_message_is_refused_before_it_comes() -> None:
    machine = server()
    machine.receive_data(START, STARTUP)
    machine.next_event()
    machine.send(START, Authenticate("password", "secret"))
    machine.receive_data(START, b"p\0\1\0\0")
    event = machine.next_event()
    assert isinstance(event, ProtocolFailed) and event.sqlstate == "08P01"


def test_commands_out_of_turn_are_the_embedders_mistake() -> None:
    machine = server()
    for command in (Authenticate("trust"), SessionReady({}, 1, b"key!")):
        with pytest.raises(LocalProtocolError):
            machine.send(START, command)
    with pytest.raises(LocalProtocolError):
        machine.ready("I")
    machine.receive_data(START, framing.ssl_request() + STARTUP)
    machine.next_event()
    assert machine.data_to_send() == b"N"
    with pytest.raises(LocalProtocolError):
        machine.tls_started()
    with pytest.raises(LocalProtocolError):
        machine.send(START, Authenticate("kerberos"))
    assert machine.data_to_send() == b""


def test_messages_sent_ahead_of_the_session_wait_for_it() -> None:
    machine = server()
    for piece in cut_bytes(STARTUP + framing.query("select 1")):
        machine.receive_data(START, piece)
    assert [type(event) for event in pull(machine)] == [StartupReceived]
    machine.send(START, Authenticate("trust"))
    assert pull(machine) == [Authenticated("ann")]
    machine.send(START, SessionReady({}, 1, b"key!"))
    assert len(pull(machine)) == 1


def test_an_empty_password_is_refused() -> None:
    machine = server()
    machine.receive_data(START, STARTUP)
    machine.next_event()
    machine.send(START, Authenticate("password", "secret"))
    machine.receive_data(START, framing.password_message(b""))
    event = machine.next_event()
    assert isinstance(event, AuthenticationFailed) and event.sqlstate == "28P01"
