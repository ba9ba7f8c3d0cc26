"""The client half: each message of a server, pipelines, copy, and a server that misbehaves."""

import pytest
from pg_support import CUTS, SEED, START, cut_bytes

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.time import NS_PER_S, Now
from rustydb_proto.pg import (
    NEED_DATA,
    PAUSED,
    Bind,
    BindCompleted,
    ClientMachine,
    ClientPhase,
    Close,
    CloseCompleted,
    Column,
    CommandCompleted,
    ConnectionEnded,
    CopyData,
    CopyDataReceived,
    CopyDone,
    CopyDoneReceived,
    CopyFail,
    CopyInStarted,
    CopyOutStarted,
    Describe,
    EmptyQueryReceived,
    ErrorReceived,
    Execute,
    Flush,
    FunctionCall,
    FunctionResultReceived,
    NoDataReceived,
    NoticeReceived,
    NotificationReceived,
    ParameterChanged,
    ParameterDescriptionReceived,
    Parse,
    ParseCompleted,
    ProtocolFailed,
    Query,
    ReadyReceived,
    RowDescriptionReceived,
    RowsReceived,
    SessionStarted,
    Stop,
    SuspensionReceived,
    SwitchProtocol,
    Sync,
    Terminate,
    error_fields,
    framing,
)

WELCOME = (
    framing.AUTHENTICATION_OK
    + framing.parameter_status("server_version", "15.4")
    + framing.backend_key_data(7, b"key!")
    + framing.READY_IDLE
)
COLUMN = Column("id", 23, 4, -1, 16384, 1, 0)
ERROR = error_fields("ERROR", "42601", "syntax error")


def client(**options: object) -> ClientMachine:
    return ClientMachine(START, Entropy(SEED), "ann", "shop", **options)  # type: ignore[arg-type]  # pass through


def open_client() -> ClientMachine:
    machine = client()
    machine.data_to_send()
    machine.receive_data(START, WELCOME)
    assert machine.next_event() == SessionStarted({"server_version": "15.4"}, 7, b"key!")
    return machine


def pull(machine: ClientMachine) -> list[object]:
    events: list[object] = []
    while not isinstance(event := machine.next_event(), Stop):
        events.append(event)
    return events


def receive(machine: ClientMachine, data: bytes, cut=CUTS[0]) -> list[object]:
    events = []
    for piece in cut(data):
        machine.receive_data(START, piece)
        events += pull(machine)
    return events


def test_the_startup_packet_is_written_at_once() -> None:
    machine = client(parameters={"application_name": "test"})
    assert machine.data_to_send() == framing.startup({"user": "ann", "database": "shop", "application_name": "test"})


@pytest.mark.parametrize("cut", CUTS)
def test_a_session_starts_with_parameters_and_key(cut) -> None:
    machine = client()
    notice = framing.notice_response(error_fields("NOTICE", "00000", "hi"))
    events = receive(machine, notice + WELCOME, cut)
    assert events == [
        NoticeReceived(error_fields("NOTICE", "00000", "hi")),
        SessionStarted({"server_version": "15.4"}, 7, b"key!"),
    ]
    assert machine.phase is ClientPhase.OPEN
    assert machine.cancel_request() == framing.cancel_request(7, b"key!")
    assert machine.deadline() is None


ANSWERS = [
    (framing.row_description([COLUMN, Column("", 25)]), RowDescriptionReceived((COLUMN, Column("", 25)))),
    (framing.command_complete("SELECT 1"), CommandCompleted("SELECT 1")),
    (framing.EMPTY_QUERY, EmptyQueryReceived()),
    (framing.PORTAL_SUSPENDED, SuspensionReceived()),
    (framing.PARSE_COMPLETE, ParseCompleted()),
    (framing.BIND_COMPLETE, BindCompleted()),
    (framing.CLOSE_COMPLETE, CloseCompleted()),
    (framing.NO_DATA, NoDataReceived()),
    (framing.parameter_description([23, 25]), ParameterDescriptionReceived((23, 25))),
    (framing.function_call_response(None), FunctionResultReceived(None)),
    (framing.function_call_response(b"x"), FunctionResultReceived(b"x")),
    (framing.error_response(ERROR), ErrorReceived(ERROR)),
    (framing.notice_response(ERROR), NoticeReceived(ERROR)),
    (framing.notification_response(9, "c", "p"), NotificationReceived(9, "c", "p")),
    (framing.parameter_status("TimeZone", "UTC"), ParameterChanged("TimeZone", "UTC")),
    (framing.copy_out_response(1, [1, 1]), CopyOutStarted(1, (1, 1))),
    (framing.copy_data(b"piece"), CopyDataReceived(b"piece")),
    (framing.COPY_DONE, CopyDoneReceived()),
    (framing.READY_FAILED, ReadyReceived("E")),
]


@pytest.mark.parametrize("cut", CUTS)
def test_every_answer_is_an_event(cut) -> None:
    machine = open_client()
    machine.send(START, Query("x"))
    events = receive(machine, b"".join(data for data, _ in ANSWERS), cut)
    assert events == [event for _, event in ANSWERS]
    assert machine.outstanding == 0
    assert machine.parameters["TimeZone"] == "UTC"


@pytest.mark.parametrize("cut", CUTS)
def test_rows_come_in_batches_of_what_has_arrived(cut) -> None:
    machine = open_client()
    machine.send(START, Query("x"))
    rows = [(b"1", None), (b"", b"x" * 100), ()]
    events = receive(machine, b"".join(map(framing.data_row, rows)) + framing.READY_IDLE, cut)
    assert [row for event in events[:-1] if isinstance(event, RowsReceived) for row in event.rows] == rows
    assert events[-1] == ReadyReceived("I")
    if cut is CUTS[0]:
        assert len(events) == 2


def test_every_command_is_encoded() -> None:
    machine = open_client()
    for command in (
        Parse("s", "select $1", [23]),
        Bind("p", "s", [b"1", None], [1], [0]),
        Describe("P", "p"),
        Execute("p", 5),
        Close("S", "s"),
        Flush(),
        Sync(),
        Query("x"),
        FunctionCall(1, [b"a"], [1], 1),
    ):
        machine.send(START, command)
    assert machine.data_to_send() == (
        b"P\0\0\0\x16s\0select $1\0\0\1\0\0\0\x17"
        b"B\0\0\0\x1bp\0s\0\0\1\0\1\0\2\0\0\0\x011\xff\xff\xff\xff\0\1\0\0"
        b"D\0\0\0\7Pp\0"
        b"E\0\0\0\x0ap\0\0\0\0\5"
        b"C\0\0\0\7Ss\0"
        b"H\0\0\0\4S\0\0\0\4Q\0\0\0\6x\0"
        b"F\0\0\0\x15\0\0\0\1\0\1\0\1\0\1\0\0\0\1a\0\1"
    )
    assert machine.outstanding == 3


def test_an_error_leaves_the_pipeline_to_its_ready() -> None:
    machine = open_client()
    machine.send(START, Parse("", "selec"))
    machine.send(START, Sync())
    assert receive(machine, framing.error_response(ERROR) + framing.READY_IDLE) == [
        ErrorReceived(ERROR),
        ReadyReceived("I"),
    ]


def test_a_flushed_pipeline_is_answered_before_its_sync() -> None:
    machine = open_client()
    machine.send(START, Parse("", "x"))
    machine.send(START, Flush())
    assert receive(machine, framing.PARSE_COMPLETE) == [ParseCompleted()]
    machine.send(START, Sync())
    assert machine.outstanding == 1


def test_errors_have_their_code_and_message_at_hand() -> None:
    error = ErrorReceived(ERROR)
    assert (error.sqlstate, error.message) == ("42601", "syntax error")


# ---- copy


def test_copy_in_takes_data_until_done() -> None:
    machine = open_client()
    machine.send(START, Query("copy t from stdin"))
    machine.data_to_send()
    assert receive(machine, framing.copy_in_response(0, [0])) == [CopyInStarted(0, (0,))]
    machine.send(START, CopyData(b"1\n"))
    machine.send(START, CopyDone())
    assert machine.data_to_send() == framing.copy_data(b"1\n") + framing.COPY_DONE
    assert receive(machine, framing.command_complete("COPY 1") + framing.READY_IDLE) == [
        CommandCompleted("COPY 1"),
        ReadyReceived("I"),
    ]


def test_copy_in_can_be_given_up_and_can_fail() -> None:
    machine = open_client()
    machine.send(START, Query("copy t from stdin"))
    receive(machine, framing.copy_in_response(0, [0]))
    machine.send(START, CopyFail("no"))
    receive(machine, framing.error_response(ERROR) + framing.READY_IDLE)
    machine.send(START, Query("copy t from stdin"))
    receive(machine, framing.copy_in_response(0, [0]) + framing.error_response(ERROR))
    with pytest.raises(LocalProtocolError):
        machine.send(START, CopyData(b""))


def test_a_sync_that_was_sent_ahead_of_a_copy_is_not_answered() -> None:
    machine = open_client()
    for command in (Bind("", "s"), Execute(), Sync()):
        machine.send(START, command)
    receive(machine, framing.BIND_COMPLETE + framing.copy_in_response(0, [0]))
    assert machine.outstanding == 0
    machine.send(START, CopyDone())
    machine.send(START, Sync())
    assert machine.outstanding == 1
    assert receive(machine, framing.command_complete("COPY 0") + framing.READY_IDLE)[-1] == ReadyReceived("I")


# ---- a server that ends or misbehaves


def test_a_fatal_error_is_the_last_event() -> None:
    fields = error_fields("FATAL", "57P01", "terminating connection due to administrator command")
    machine = open_client()
    machine.receive_data(START, framing.error_response(fields) + framing.READY_IDLE)
    assert machine.next_event() == ErrorReceived(fields)
    assert machine.next_event() is PAUSED
    assert machine.output_ended


def test_an_error_before_the_session_is_the_last_event() -> None:
    machine = client()
    machine.receive_data(START, framing.error_response({"S": "ERROR", "C": "08P01", "M": "bad"}))
    assert isinstance(machine.next_event(), ErrorReceived)
    assert machine.next_event() is PAUSED


def test_the_end_of_file_is_the_last_event() -> None:
    for data, clean in ((b"", True), (b"Z\0", False)):
        machine = open_client()
        if data:
            machine.receive_data(START, data)
        machine.receive_data(START, b"")
        assert machine.next_event() == ConnectionEnded(clean)
        assert machine.next_event() is PAUSED


@pytest.mark.parametrize(
    "data",
    [
        b"?\0\0\0\4",
        b"Z\0\0\0\3",
        b"C\0\0\x80\0",
        b"T\xff\xff\xff\xff",
        framing.message(b"Z", b""),
        framing.message(b"Z", b"X"),
        framing.message(b"C", b"SELECT 1"),
        framing.message(b"C", b"\xff\0"),
        framing.message(b"T", b"\0"),
        framing.message(b"T", b"\0\1a\0\0\0"),
        framing.message(b"D", b""),
        framing.message(b"D", b"\0\1\0\0\0\5abc"),
        framing.message(b"D", b"\0\0x"),
        framing.message(b"t", b"\0\2\0\0\0\0"),
        framing.message(b"E", b"SERROR\0"),
        framing.message(b"G", b"\0\0\1"),
        framing.message(b"V", b"\0\0\0\5x"),
        framing.message(b"1", b"x"),
        framing.message(b"R", b"\0\0\0\0"),
        framing.COPY_DONE,
        framing.copy_data(b"x"),
    ],
)
@pytest.mark.parametrize("cut", CUTS)
def test_a_server_that_breaks_the_protocol_ends_the_connection(data: bytes, cut) -> None:
    machine = open_client()
    machine.send(START, Query("x"))
    events = receive(machine, data, cut)
    assert len(events) == 1 and isinstance(events[0], ProtocolFailed)
    assert machine.output_ended


def test_an_answer_without_a_request_ends_the_connection() -> None:
    for data in (framing.command_complete("x"), framing.data_row([]), framing.READY_IDLE):
        assert isinstance(receive(open_client(), data)[0], ProtocolFailed)


def test_a_session_without_authentication_ends_the_connection() -> None:
    assert isinstance(receive(client(), framing.READY_IDLE)[0], ProtocolFailed)


@pytest.mark.parametrize("code", [2, 6, 7, 9, 11, 12])
def test_unknown_authentication_methods_end_the_connection(code: int) -> None:
    events = receive(client(password="x"), framing.authentication(code, b"v="))
    assert events == [
        ProtocolFailed("08P01", f"invalid message from the server: authentication method {code} not supported")
    ]


def test_an_authentication_ok_in_the_middle_of_scram_is_a_thief() -> None:
    machine = client(password="x")
    events = receive(machine, framing.authentication(10, b"SCRAM-SHA-256\0\0") + framing.AUTHENTICATION_OK)
    assert isinstance(events[0], ProtocolFailed) and "did not prove" in events[0].message


# ---- the embedder's mistakes, timeouts, TLS


def test_commands_before_the_session_are_the_embedders_mistake() -> None:
    machine = client()
    for command in (Query("x"), Sync(), CopyData(b"")):
        with pytest.raises(LocalProtocolError):
            machine.send(START, command)


def test_queries_during_copy_in_are_the_embedders_mistake() -> None:
    machine = open_client()
    machine.send(START, Query("copy t from stdin"))
    receive(machine, framing.copy_in_response(0, [0]))
    with pytest.raises(LocalProtocolError):
        machine.send(START, Query("x"))


def test_goodbye_ends_the_connection() -> None:
    machine = open_client()
    machine.send(START, Terminate())
    assert machine.data_to_send() == framing.TERMINATE
    assert machine.output_ended and machine.next_event() is PAUSED
    with pytest.raises(LocalProtocolError):
        machine.send(START, Terminate())


def test_a_server_that_never_answers_times_out() -> None:
    machine = client()
    deadline = machine.deadline()
    assert deadline == 60 * NS_PER_S
    machine.handle_timeout(Now(deadline, 0))
    assert machine.next_event() == ProtocolFailed("08001", "timeout expired")
    assert machine.next_event() is PAUSED


def test_tls_is_asked_for_first() -> None:
    machine = client(tls=True)
    assert machine.data_to_send() == framing.ssl_request()
    assert machine.next_event() is NEED_DATA
    machine.receive_data(START, b"S")
    assert machine.next_event() == SwitchProtocol("tls")
    assert machine.next_event() is PAUSED
    machine.tls_started()
    assert machine.data_to_send() == framing.startup({"user": "ann", "database": "shop"})
    with pytest.raises(LocalProtocolError):
        machine.tls_started()


@pytest.mark.parametrize("answer", [b"N", b"SR\0\0\0", b"E", b"\0"])
def test_a_server_that_does_not_start_tls_is_refused(answer: bytes) -> None:
    machine = client(tls=True)
    machine.receive_data(START, answer)
    assert isinstance(machine.next_event(), ProtocolFailed)


def test_unread_bytes_can_be_handed_over() -> None:
    machine = open_client()
    for piece in cut_bytes(b"Z\0\0"):
        machine.receive_data(START, piece)
    assert machine.take_unread() == (b"Z\0\0", False)


def test_a_pipeline_lasts_until_its_sync() -> None:
    machine = open_client()
    assert not machine.in_pipeline
    machine.send(START, Parse("", "select 1"))
    assert machine.in_pipeline
    machine.send(START, Sync())
    assert not machine.in_pipeline


def test_copy_data_begins_no_pipeline() -> None:
    machine = open_client()
    machine.send(START, Query("copy t from stdin"))
    assert receive(machine, framing.copy_in_response(0, [])) == [CopyInStarted(0, ())]
    machine.send(START, CopyData(b"x"))
    machine.send(START, CopyDone())
    receive(machine, framing.command_complete("COPY 1") + framing.READY_IDLE)
    assert not machine.in_pipeline
    assert isinstance(receive(machine, framing.command_complete("SELECT 1"))[0], ProtocolFailed), "nothing was asked"
