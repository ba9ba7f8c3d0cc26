"""Passwords: SCRAM-SHA-256 against the standard's example, MD5, clear text, and both halves against each other."""

import pytest
from pg_support import CUTS, SEED, START, Pair, server

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.pg import (
    AcceptPassword,
    Authenticate,
    Authenticated,
    AuthenticationFailed,
    ClientMachine,
    ErrorReceived,
    PasswordReceived,
    ProtocolFailed,
    RejectPassword,
    ServerEvent,
    ServerMachine,
    SessionReady,
    SessionStarted,
    StartupReceived,
    framing,
    scram,
)

SCRAM = str(scram.make_verifier("pencil", b"0123456789abcdef"))
MD5 = scram.md5_verifier("pencil", "ann")


def log_in(method: str, verifier: str | None, password: str | None, cut=CUTS[0], user="ann", binding=None):
    """Run one log-in; return the client's and the server's events."""

    def answer(machine: ServerMachine, event: ServerEvent) -> None:
        if isinstance(event, StartupReceived):
            machine.send(START, Authenticate(method, verifier))
        elif isinstance(event, Authenticated):
            machine.send(START, SessionReady({"x": "y"}, 7, b"key!"))
        elif isinstance(event, PasswordReceived):
            machine.send(START, AcceptPassword() if event.password == "pencil" else RejectPassword("LDAP said no"))

    client = ClientMachine(START, Entropy(SEED).child("client"), user, password=password, tls=binding is not None)
    machine = server(tls=binding is not None, mock_secret=b"secret")
    pair = Pair(client, machine, answer, cut)
    events = pair.run()
    if binding is not None:
        machine.tls_started(binding)
        client.tls_started(binding)
        events += pair.run()
    return events, pair.server_events


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("method", "verifier"),
    [
        ("trust", None),
        ("scram-sha-256", SCRAM),
        ("scram-sha-256", "pencil"),
        ("md5", MD5),
        ("md5", SCRAM),
        ("md5", "pencil"),
        ("password", SCRAM),
        ("password", MD5),
        ("password", "pencil"),
        ("external", None),
    ],
)
def test_the_right_password_opens_a_session(method: str, verifier: str | None, cut) -> None:
    events, _ = log_in(method, verifier, "pencil", cut)
    assert events == [SessionStarted({"x": "y"}, 7, b"key!")]


@pytest.mark.parametrize(
    ("method", "verifier"),
    [
        ("scram-sha-256", SCRAM),
        ("scram-sha-256", None),
        ("scram-sha-256", MD5),
        ("scram-sha-256", "SCRAM-SHA-256$broken"),
        ("md5", MD5),
        ("md5", None),
        ("md5", "other"),
        ("password", SCRAM),
        ("password", MD5),
        ("password", None),
        ("password", "pencil"),
        ("external", None),
    ],
)
def test_a_wrong_password_or_an_unknown_user_fail_with_the_same_words(method: str, verifier: str | None) -> None:
    events, server_events = log_in(method, verifier, "pen")
    assert isinstance(events[0], ErrorReceived)
    assert events[0].sqlstate == "28P01"
    assert events[0].message == 'password authentication failed for user "ann"'
    assert events[0].fields["S"] == events[0].fields["V"] == "FATAL"
    assert isinstance(server_events[-1], AuthenticationFailed)


def test_a_client_without_a_password_gives_up_as_libpq_does() -> None:
    events, _ = log_in("scram-sha-256", SCRAM, None)
    assert events == [ProtocolFailed("08P01", "fe_sendauth: no password supplied")]


def test_channel_binding_is_used_when_both_sides_know_the_certificate() -> None:
    events, _ = log_in("scram-sha-256", SCRAM, "pencil", binding=b"hash of the certificate")
    assert isinstance(events[-1], SessionStarted)


def test_the_mock_salt_of_an_unknown_user_is_stable_and_his_own() -> None:
    salts = [scram.mock_verifier(user, b"secret").salt for user in ("ann", "ann", "bob")]
    assert salts[0] == salts[1] != salts[2]
    assert scram.mock_verifier("ann", b"other secret").salt != salts[0]


def test_the_example_of_rfc_7677() -> None:
    salt = scram._unbase64("W22ZaJ0SNY7soEsUEjb6gQ==")
    client_nonce = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    exchange = scram.ScramServer(scram.make_verifier("pencil", salt), bytes(18))
    # The nonce of the standard is not base64 of anything we would draw.
    exchange._nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    first = exchange.first(client_nonce)
    assert first == b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = exchange.final(
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert final == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_a_client_that_believes_the_server_cannot_bind_is_right_without_tls_and_wrong_with() -> None:
    verifier = scram.make_verifier("pencil", b"salt" * 4)
    scram.ScramServer(verifier, bytes(18)).first(b"y,,n=,r=abc")
    with pytest.raises(scram.ScramError, match="negotiation error"):
        scram.ScramServer(verifier, bytes(18), channel_binding=b"hash").first(b"y,,n=,r=abc")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n",
        b"n,,",
        b"n,,n=",
        b"n,,r=abc",
        b"n,,n=,r=",
        b"n,,n=,r=a b",
        b"n,,n=,r=\xc3\xa9",
        b"\xff",
        b"x,,n=,r=abc",
        b"n,x,n=,r=abc",
        b"n,a=ann,n=,r=abc",
        b"n,,m=1,n=,r=abc",
        b"p=tls-unique,,n=,r=abc",
    ],
)
def test_malformed_first_messages_are_refused(message: bytes) -> None:
    exchange = scram.ScramServer(scram.make_verifier("pencil", b"salt" * 4), bytes(18))
    with pytest.raises(scram.ScramError):
        exchange.first(message)


@pytest.mark.parametrize(
    "change",
    [
        lambda final: b"",
        lambda final: final.replace(b"c=biws", b"c=eSws"),
        lambda final: final.replace(b"r=", b"r=x"),
        lambda final: final[:-4],
        lambda final: final.replace(b",p=", b",q="),
        lambda final: final + b"!",
        lambda final: b"\xff" + final,
    ],
)
def test_malformed_final_messages_are_refused(change) -> None:
    server_side = scram.ScramServer(scram.make_verifier("pencil", b"salt" * 4), bytes(18))
    client_side = scram.ScramClient("pencil", bytes(range(18)))
    final = client_side.final(server_side.first(client_side.first()))
    with pytest.raises(scram.ScramError):
        server_side.final(change(final))


def test_a_server_that_does_not_know_the_verifier_is_found_out() -> None:
    client_side = scram.ScramClient("pencil", bytes(range(18)))
    server_side = scram.ScramServer(scram.make_verifier("pencil", b"salt" * 4), bytes(18))
    client_side.final(server_side.first(client_side.first()))
    with pytest.raises(scram.ScramError, match="incorrect server signature"):
        client_side.verify(b"v=" + b"A" * 43 + b"=")


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"r=other,s=c2FsdA==,i=4096",
        b"r={nonce},s=c2FsdA==,i=4096",
        b"r={nonce}x,s=!,i=4096",
        b"r={nonce}x,s=c2FsdA==,i=0",
        b"r={nonce}x,s=c2FsdA==,i=-1",
        b"r={nonce}x,s=c2FsdA==,i=99999999999",
        b"r={nonce}x,i=4096,s=c2FsdA==",
    ],
)
def test_a_client_refuses_malformed_server_messages(first: bytes) -> None:
    client_side = scram.ScramClient("pencil", bytes(18))
    nonce = client_side.first().partition(b"r=")[2]
    with pytest.raises(scram.ScramError):
        client_side.final(first.replace(b"{nonce}", nonce))


def test_verifiers_survive_being_written_down() -> None:
    verifier = scram.make_verifier("pencil", b"0123456789abcdef", 5000)
    assert scram.parse_verifier(str(verifier)) == verifier
    assert scram.verify_password("pencil", verifier)
    assert not scram.verify_password("pen", verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pencil",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256$4096:c2FsdA==$AAAA:BBBB",
        SCRAM.replace("4096", "x"),
        SCRAM.replace("4096", "9999999"),
        SCRAM.replace("4096", "0"),
        SCRAM + "$",
        SCRAM[:-1],
        SCRAM.replace("$4096:", "$4096:é"),
    ],
)
def test_other_texts_are_not_verifiers(text: str) -> None:
    assert scram.parse_verifier(text) is None


@pytest.mark.parametrize(
    ("password", "prepared"),
    [
        ("pencil", "pencil"),
        ("I\u00adX", "IX"),  # RFC 4013: a soft hyphen is mapped to nothing
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0007", "\u0007"),  # prohibited: used as it is
        ("\u0627\u0031", "\u0627\u0031"),  # right-to-left text that does not end so: used as it is
        ("\u0627", "\u0627"),
        ("\u0221", "\u0221"),  # unassigned in Unicode 3.2: used as it is
    ],
)
def test_passwords_are_normalised_by_saslprep(password: str, prepared: str) -> None:
    assert scram.saslprep(password) == prepared


def test_an_unknown_mechanism_is_refused() -> None:
    machine = server()
    machine.receive_data(START, framing.startup({"user": "ann"}))
    machine.next_event()
    machine.send(START, Authenticate("scram-sha-256", SCRAM))
    machine.receive_data(START, framing.sasl_initial_response("PLAIN", b"x"))
    event = machine.next_event()
    assert isinstance(event, AuthenticationFailed) and event.sqlstate == "08P01"


@pytest.mark.parametrize("body", [b"", b"SCRAM-SHA-256", b"SCRAM-SHA-256\0", b"SCRAM-SHA-256\0\0\0\0\x09n,,"])
def test_a_sasl_message_of_wrong_layout_is_refused(body: bytes) -> None:
    machine = server()
    machine.receive_data(START, framing.startup({"user": "ann"}))
    machine.next_event()
    machine.send(START, Authenticate("scram-sha-256", SCRAM))
    machine.receive_data(START, framing.sasl_response(body))
    assert isinstance(machine.next_event(), AuthenticationFailed)


def test_weak_methods_can_be_refused_by_the_client() -> None:
    for method, verifier in (("md5", MD5), ("password", SCRAM)):
        machine = server()
        client = ClientMachine(START, Entropy(SEED), "ann", password="pencil", weak_authentication=False)
        machine.receive_data(START, client.data_to_send())
        machine.next_event()
        machine.send(START, Authenticate(method, verifier))
        client.receive_data(START, machine.data_to_send())
        event = client.next_event()
        assert isinstance(event, ProtocolFailed) and "weak" in event.message
