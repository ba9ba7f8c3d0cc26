"""A session of the server half: every message, its order, its malformations, and what failure does."""

import pytest
from pg_support import CUTS, START, cut_bytes, error, message_types, open_session, pull

from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.pg import (
    NEED_DATA,
    PAUSED,
    BindComplete,
    BindReceived,
    CloseComplete,
    CloseReceived,
    Column,
    CommandComplete,
    ConnectionEnded,
    CopyData,
    CopyDataReceived,
    CopyDone,
    CopyDoneReceived,
    CopyFailReceived,
    CopyIn,
    CopyOut,
    DescribeReceived,
    EmptyQuery,
    ExecuteReceived,
    FlushReceived,
    FunctionCallReceived,
    FunctionResult,
    Limits,
    MessageRejected,
    NoData,
    Notice,
    Notification,
    ParameterDescription,
    ParameterStatus,
    ParseComplete,
    ParseReceived,
    Phase,
    PortalSuspended,
    ProtocolFailed,
    QueryReceived,
    ReadyForQuery,
    RowDescription,
    SendEncoded,
    SyncReceived,
    Terminated,
    error_fields,
    framing,
)

PIPELINE = [
    (framing.parse("s", "select $1", [23, 0]), ParseReceived("s", "select $1", (23, 0))),
    (framing.parse("", "", []), ParseReceived("", "", ())),
    (
        framing.bind("p", "s", [b"1", None, b""], [0, 1, 0], [1, 0]),
        BindReceived("p", "s", (0, 1, 0), [b"1", None, b""], (1, 0)),
    ),
    (framing.bind("", "", []), BindReceived("", "", (), [], ())),
    (framing.bind("", "s", [b"x" * 300], [1], [1]), BindReceived("", "s", (1,), [b"x" * 300], (1,))),
    (framing.bind("", "s", [b"1", b"2"], [0], [0]), BindReceived("", "s", (0,), [b"1", b"2"], (0,))),
    (framing.describe("S", "s"), DescribeReceived("S", "s")),
    (framing.describe("P", ""), DescribeReceived("P", "")),
    (framing.execute(), ExecuteReceived("", 0)),
    (framing.execute("p", 7), ExecuteReceived("p", 7)),
    (framing.execute("p", -7), ExecuteReceived("p", 0)),
    (framing.close("S", "s"), CloseReceived("S", "s")),
    (framing.close("P", "ü"), CloseReceived("P", "ü")),
    (framing.FLUSH, FlushReceived()),
    (framing.SYNC, SyncReceived()),
]


@pytest.mark.parametrize("cut", CUTS)
def test_a_pipeline_comes_as_events_in_order(cut) -> None:
    machine = open_session()
    events = []
    for piece in cut(b"".join(data for data, _ in PIPELINE)):
        machine.receive_data(START, piece)
        events += pull(machine)
    assert events == [event for _, event in PIPELINE]
    assert machine.phase is Phase.SYNCING


@pytest.mark.parametrize(("data", "event"), PIPELINE)
def test_each_message_is_parsed_whatever_follows_it(data: bytes, event: object) -> None:
    machine = open_session()
    machine.receive_data(START, data + b"Q\0\0")
    assert machine.next_event() == event


@pytest.mark.parametrize("cut", CUTS)
def test_a_query_pauses_until_it_is_answered(cut) -> None:
    machine = open_session()
    for piece in cut(framing.query("select 'ü'") + framing.query("second")):
        machine.receive_data(START, piece)
    assert machine.next_event() == QueryReceived("select 'ü'")
    assert machine.next_event() is PAUSED
    assert machine.pending
    machine.ready("I")
    assert machine.next_event() == QueryReceived("second")
    assert not machine.pending


def test_every_command_is_encoded_as_the_documentation_says() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("x"))
    machine.next_event()
    column = Column("id", 23, 4, -1, 16384, 1)
    for command in (
        Notice(error_fields("NOTICE", "00000", "hello")),
        RowDescription([column]),
        SendEncoded(framing.data_row([b"1"]) + framing.data_row([None])),
        CommandComplete("SELECT 2"),
        EmptyQuery(),
        ParameterStatus("TimeZone", "UTC"),
        Notification(9, "channel", "payload"),
        FunctionResult(b"x"),
        FunctionResult(None),
        ReadyForQuery("T"),
    ):
        machine.send(START, command)
    assert machine.data_to_send() == (
        b"N\0\0\0\x23SNOTICE\0VNOTICE\0C00000\0Mhello\0\0"
        b"T\0\0\0\x1b\0\1id\0\0\0\x40\0\0\1\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"
        b"D\0\0\0\x0b\0\1\0\0\0\x011"
        b"D\0\0\0\x0a\0\1\xff\xff\xff\xff"
        b"C\0\0\0\x0dSELECT 2\0"
        b"I\0\0\0\4"
        b"S\0\0\0\x11TimeZone\0UTC\0"
        b"A\0\0\0\x18\0\0\0\x09channel\0payload\0"
        b"V\0\0\0\x09\0\0\0\1x"
        b"V\0\0\0\x08\xff\xff\xff\xff"
        b"Z\0\0\0\5T"
    )


def test_every_answer_of_a_pipeline_is_encoded() -> None:
    machine = open_session()
    machine.receive_data(START, framing.parse("", "x"))
    machine.next_event()
    for command in (
        ParseComplete(),
        BindComplete(),
        ParameterDescription([23, 25]),
        NoData(),
        PortalSuspended(),
        CloseComplete(),
    ):
        machine.send(START, command)
    assert machine.data_to_send() == (
        b"1\0\0\0\0042\0\0\0\4t\0\0\0\x0e\0\2\0\0\0\x17\0\0\0\x19n\0\0\0\4s\0\0\0\0043\0\0\0\4"
    )


def test_formats_of_a_row_description_follow_the_rule_of_bind() -> None:
    columns = [Column("a", 23), Column("b", 25)]
    for formats, expected in (((), (0, 0)), ((1,), (1, 1)), ((0, 1), (0, 1))):
        wanted = [Column("a", 23, format=expected[0]), Column("b", 25, format=expected[1])]
        assert framing.row_description(columns, formats) == framing.row_description(wanted)


def test_an_encoded_answer_and_ready_make_one_write() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("x"))
    machine.next_event()
    machine.send_result(framing.data_row([b"1"]) + framing.command_complete("SELECT 1"))
    machine.ready("E")
    assert message_types(machine.data_to_send()) == "DCZ"
    assert machine.data_to_send() == b""
    assert machine.phase is Phase.IDLE


# ---- errors of statements


@pytest.mark.parametrize("cut", CUTS)
def test_after_an_error_messages_are_discarded_until_sync(cut) -> None:
    machine = open_session()
    skipped = (
        framing.bind("", "", [])
        + framing.FLUSH
        + framing.query("not run")
        + framing.function_call(1, [])
        + framing.execute()
        + framing.close("S", "x")
        + framing.copy_data(b"x" * 50)
    )
    machine.receive_data(START, framing.parse("", "selec"))
    assert isinstance(machine.next_event(), ParseReceived)
    machine.send(START, error())
    events = []
    for piece in cut(skipped + framing.SYNC + framing.query("run")):
        machine.receive_data(START, piece)
        events += pull(machine)
    assert events == [SyncReceived()]
    machine.ready("I")
    assert pull(machine) == [QueryReceived("run")]
    assert message_types(machine.data_to_send()) == "EZ"


def test_after_an_error_in_a_simple_query_the_next_message_is_processed() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("selec") + framing.query("select 1"))
    machine.next_event()
    machine.send(START, error())
    assert machine.next_event() is PAUSED
    machine.ready("I")
    assert machine.next_event() == QueryReceived("select 1")


def test_an_error_at_sync_is_followed_by_ready() -> None:
    machine = open_session()
    machine.receive_data(START, framing.SYNC + framing.SYNC)
    assert machine.next_event() == SyncReceived()
    machine.send(START, error("40001", "could not serialize access"))
    machine.ready("I")
    assert machine.next_event() == SyncReceived()


def test_a_discarded_message_need_not_be_buffered() -> None:
    machine = open_session()
    machine.receive_data(START, framing.parse("", "selec"))
    machine.next_event()
    machine.send(START, error())
    machine.receive_data(START, b"B" + (500_000_000).to_bytes(4, "big") + bytes(1000))
    assert machine.next_event() is NEED_DATA
    assert machine.take_unread() == (b"", False)
    machine.receive_data(START, b"")
    assert machine.next_event() == ConnectionEnded(False)


def test_a_fatal_error_ends_the_connection() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("x") + framing.query("y"))
    machine.next_event()
    machine.send(START, error("57P01", "terminating connection due to administrator command", "FATAL"))
    assert machine.output_ended
    assert machine.next_event() is PAUSED
    with pytest.raises(LocalProtocolError):
        machine.send_result(b"")
    with pytest.raises(LocalProtocolError):
        machine.send(START, Notice({}))


# ---- malformed messages


def body(kind: bytes, data: bytes) -> bytes:
    return framing.message(kind, data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (body(b"Q", b""), "invalid string in message"),
        (body(b"Q", b"select 1"), "invalid string in message"),
        (body(b"Q", b"select 1\0x"), "invalid message format"),
        (body(b"Q", b"select 1\0\0"), "invalid message format"),
        (body(b"P", b""), "invalid string in message"),
        (body(b"P", b"s\0select 1"), "invalid string in message"),
        (body(b"P", b"s\0select 1\0"), "insufficient data left in message"),
        (body(b"P", b"s\0select 1\0\0\2\0\0\0\0"), "insufficient data left in message"),
        (body(b"P", b"s\0select 1\0\0\0x"), "invalid message format"),
        (body(b"B", b""), "invalid string in message"),
        (body(b"B", b"p\0s"), "invalid string in message"),
        (body(b"B", b"\0\0"), "insufficient data left in message"),
        (body(b"B", b"\0\0\0\0\0\1\0\0\0\5abc\0\0"), "insufficient data left in message"),
        (body(b"B", b"\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"), "insufficient data left in message"),
        (body(b"B", b"\0\0\0\0\0\0\0\1"), "insufficient data left in message"),
        (body(b"B", b"\0\0\0\0\0\0\0\0\0"), "invalid message format"),
        (body(b"B", b"\0\0\0\2\0\0\0\0\0\1\0\0\0\0\0\0"), "bind message has 2 parameter formats but 1 parameters"),
        (body(b"B", b"\0\0\0\1\0\2\0\0\0\0"), "unsupported format code: 2"),
        (body(b"D", b""), "no data left in message"),
        (body(b"D", b"S"), "invalid string in message"),
        (body(b"D", b"Xs\0"), "invalid DESCRIBE message subtype 88"),
        (body(b"C", b"Xs\0"), "invalid CLOSE message subtype 88"),
        (body(b"C", b"Ss\0\0"), "invalid message format"),
        (body(b"E", b""), "invalid string in message"),
        (body(b"E", b"p\0\0"), "insufficient data left in message"),
        (body(b"E", b"\0\0\0\0\0\0"), "invalid message format"),
        (body(b"H", b"x"), "invalid message format"),
        (body(b"S", b"x"), "invalid message format"),
        (body(b"F", b"\0"), "insufficient data left in message"),
        (body(b"F", b"\0\0\0\1\0\0\0\0\0"), "insufficient data left in message"),
        (body(b"F", b"\0\0\0\1\0\0\0\0\0\0x"), "invalid message format"),
        (
            body(b"F", b"\0\0\0\1\0\2\0\0\0\0\0\1\0\0\0\0\0\0"),
            "function call message contains 2 argument formats but 1 arguments",
        ),
    ],
)
@pytest.mark.parametrize("trailing", [b"", b"\0" * 40])
def test_a_malformed_body_is_rejected_and_the_session_goes_on(data: bytes, message: str, trailing: bytes) -> None:
    machine = open_session()
    machine.receive_data(START, data + (trailing or framing.SYNC))
    event = machine.next_event()
    assert isinstance(event, MessageRejected)
    assert (event.message_type, event.message) == (chr(data[0]), message)
    assert event.sqlstate == ("22023" if "format code" in message else "08P01")
    assert event.needs_ready == (chr(data[0]) in "QFS")
    machine.send(START, error(event.sqlstate, event.message))
    if event.needs_ready:
        machine.ready("I")
    if not trailing:
        assert machine.next_event() == SyncReceived()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"\xff", "0xff"),
        (b"\x80", "0x80"),
        (b"\xc3", "0xc3"),
        (b"\xc3(", "0xc3 0x28"),
        (b"\xe2\x28\xa1x", "0xe2 0x28 0xa1"),
        (b"\xf0\x28\x8c\xbcx", "0xf0 0x28 0x8c 0xbc"),
        (b"\xed\xa0\x80", "0xed 0xa0 0x80"),
    ],
)
def test_text_that_is_not_utf8_is_rejected(text: bytes, shown: str) -> None:
    machine = open_session()
    machine.receive_data(START, framing.message(b"Q", b"select '" + text + b"\0"))
    shown = shown if text != b"\xc3" else "0xc3"
    event = machine.next_event()
    assert event == MessageRejected("Q", "22021", f'invalid byte sequence for encoding "UTF8": {shown}', None, True)
    machine.send(START, error("22021"))
    machine.ready("I")
    machine.receive_data(START, framing.message(b"P", b"\0" + text + b"\0\0\0"))
    assert isinstance(machine.next_event(), MessageRejected)


# ---- errors of the peer


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("kind", [b"\0", b"p", b"R", b"q", b"\xff", b"G"])
def test_an_unknown_message_type_is_fatal(kind: bytes, cut) -> None:
    machine = open_session()
    events = []
    for piece in cut(kind + b"\0\0\0\4" + framing.query("x")):
        machine.receive_data(START, piece)
        events += pull(machine)
    assert events == [ProtocolFailed("08P01", f"invalid frontend message type {kind[0]}")]
    assert message_types(machine.data_to_send()) == "E"
    assert machine.output_ended


@pytest.mark.parametrize(
    ("kind", "length"),
    [("Q", 0), ("Q", 3), ("Q", 1001), ("Q", 0xFFFFFFFF), ("E", 101), ("S", 3), ("d", 1001), ("X", 0), ("H", 101)],
)
def test_an_impossible_length_is_fatal_before_the_body_comes(kind: str, length: int) -> None:
    machine = open_session(Limits(message_bytes_max=1000, small_message_bytes_max=100))
    machine.receive_data(START, kind.encode() + length.to_bytes(4, "big"))
    event = machine.next_event()
    assert isinstance(event, ProtocolFailed) and event.sqlstate == "08P01"


def test_a_message_of_the_greatest_length_is_accepted() -> None:
    machine = open_session(Limits(message_bytes_max=1000, small_message_bytes_max=100))
    machine.receive_data(START, framing.query("x" * 995))
    assert machine.next_event() == QueryReceived("x" * 995)


def test_a_large_message_comes_in_pieces() -> None:
    machine = open_session()
    data = framing.query("x" * 1_000_000)
    for position in range(0, len(data), 65536):
        assert machine.next_event() is NEED_DATA
        machine.receive_data(START, data[position : position + 65536])
    assert machine.next_event() == QueryReceived("x" * 1_000_000)


def test_goodbye_is_the_last_event() -> None:
    machine = open_session()
    machine.receive_data(START, framing.TERMINATE + framing.query("x"))
    assert machine.next_event() == Terminated()
    assert machine.next_event() is PAUSED
    assert machine.output_ended and machine.data_to_send() == b""


@pytest.mark.parametrize(("data", "clean"), [(b"", True), (b"Q\0", False), (b"Q\0\0\0\x09sel", False)])
def test_the_end_of_file_is_the_last_event(data: bytes, clean: bool) -> None:
    machine = open_session()
    if data:
        machine.receive_data(START, data)
    machine.receive_data(START, b"")
    assert machine.next_event() == ConnectionEnded(clean)
    assert machine.next_event() is PAUSED


def test_what_came_before_the_end_of_file_is_still_answered() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("x"))
    machine.receive_data(START, b"")
    assert machine.next_event() == QueryReceived("x")
    assert machine.next_event() is PAUSED
    machine.ready("I")
    assert machine.next_event() == ConnectionEnded(True)


# ---- copy


@pytest.mark.parametrize("cut", CUTS)
def test_copy_in_collects_data_and_ignores_sync_and_flush(cut) -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("copy t from stdin"))
    machine.next_event()
    machine.send(START, CopyIn(0, [0, 0]))
    assert machine.data_to_send() == b"G\0\0\0\x0b\0\0\2\0\0\0\0"
    events = []
    data = framing.copy_data(b"1\t2\n") + framing.SYNC + framing.FLUSH + framing.copy_data(b"") + framing.COPY_DONE
    for piece in cut(data):
        machine.receive_data(START, piece)
        events += pull(machine)
    assert b"".join(event.data for event in events if isinstance(event, CopyDataReceived)) == b"1\t2\n"
    assert events[-1] == CopyDoneReceived()
    machine.send(START, CommandComplete("COPY 1"))
    machine.ready("I")


def test_a_copy_that_the_client_gives_up_is_an_error_of_the_statement() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("copy t from stdin"))
    machine.next_event()
    machine.send(START, CopyIn(0, [0]))
    machine.receive_data(START, framing.copy_fail("changed my mind"))
    assert machine.next_event() == CopyFailReceived("changed my mind")
    machine.send(START, error("57014", "COPY from stdin failed: changed my mind"))
    machine.ready("I")
    assert machine.next_event() is NEED_DATA


@pytest.mark.parametrize("cut", CUTS)
def test_copy_data_that_comes_after_the_copy_failed_is_drained(cut) -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("copy t from stdin"))
    machine.next_event()
    machine.send(START, CopyIn(0, [0]))
    machine.receive_data(START, framing.copy_data(b"bad"))
    assert machine.next_event() == CopyDataReceived(b"bad")
    machine.send(START, error("22P02"))
    machine.ready("I")
    events = []
    for piece in cut(framing.copy_data(b"more" * 20) + framing.COPY_DONE + framing.copy_fail("x") + framing.query("y")):
        machine.receive_data(START, piece)
        events += pull(machine)
    assert events == [QueryReceived("y")]


def test_a_failed_copy_of_the_extended_protocol_skips_to_sync() -> None:
    machine = open_session()
    machine.receive_data(START, framing.bind("", "", []) + framing.execute() + framing.SYNC)
    machine.next_event()
    machine.next_event()
    machine.send(START, CopyIn(1, [1]))
    machine.receive_data(START, framing.copy_data(b"bad"))
    assert machine.next_event() == CopyDataReceived(b"bad")
    machine.send(START, error("22P02"))
    machine.receive_data(START, framing.copy_data(b"more") + framing.COPY_DONE + framing.SYNC)
    assert machine.next_event() == SyncReceived()
    machine.ready("I")
    assert machine.next_event() is NEED_DATA


def test_a_finished_copy_of_the_extended_protocol_waits_for_its_own_sync() -> None:
    machine = open_session()
    machine.receive_data(START, framing.execute() + framing.SYNC)
    machine.next_event()
    machine.send(START, CopyIn(0, []))
    machine.receive_data(START, framing.COPY_DONE + framing.SYNC)
    assert machine.next_event() == CopyDoneReceived()
    machine.send(START, CommandComplete("COPY 0"))
    assert machine.next_event() == SyncReceived()


def test_another_message_during_copy_in_is_fatal() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("copy t from stdin"))
    machine.next_event()
    machine.send(START, CopyIn(0, [0]))
    machine.receive_data(START, framing.query("x"))
    assert machine.next_event() == ProtocolFailed("08P01", "unexpected message type 0x51 during COPY from stdin")


def test_a_goodbye_or_end_of_file_during_copy_in_is_the_last_event() -> None:
    for data, event in ((framing.TERMINATE, Terminated()), (b"", ConnectionEnded(True))):
        machine = open_session()
        machine.receive_data(START, framing.query("copy t from stdin"))
        machine.next_event()
        machine.send(START, CopyIn(0, [0]))
        machine.receive_data(START, data)
        assert machine.next_event() == event


def test_copy_out_sends_data_and_returns_to_the_statement() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("copy t to stdout"))
    machine.next_event()
    for command in (CopyOut(1, [1, 1]), CopyData(b"data"), CopyDone(), CommandComplete("COPY 1"), ReadyForQuery("I")):
        machine.send(START, command)
    assert machine.data_to_send() == (b"H\0\0\0\x0b\1\0\2\0\1\0\1d\0\0\0\x08datac\0\0\0\4C\0\0\0\x0bCOPY 1\0Z\0\0\0\5I")


def test_an_error_during_copy_out_fails_the_statement() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("copy t to stdout"))
    machine.next_event()
    machine.send(START, CopyOut(0, [0]))
    machine.send(START, error("57014"))
    machine.ready("I")
    assert message_types(machine.data_to_send()) == "HEZ"


# ---- function calls, asynchronous messages, the embedder's mistakes


def test_a_function_call_is_an_event() -> None:
    machine = open_session()
    machine.receive_data(START, framing.function_call(953, [b"\0\0\0\1", None], [1], 1))
    assert machine.next_event() == FunctionCallReceived(953, (1,), [b"\0\0\0\1", None], 1)
    assert machine.next_event() is PAUSED
    machine.send(START, FunctionResult(b"\0\0\0\1"))
    machine.ready("I")
    assert message_types(machine.data_to_send()) == "VZ"


def test_notices_notifications_and_parameters_may_be_sent_to_an_idle_session() -> None:
    machine = open_session()
    machine.send(START, Notification(1, "c", ""))
    machine.send(START, Notice(error_fields("WARNING", "01000", "x")))
    machine.send(START, ParameterStatus("a", "b"))
    assert message_types(machine.data_to_send()) == "ANS"


@pytest.mark.parametrize(
    "command",
    [
        RowDescription([]),
        CommandComplete("x"),
        ReadyForQuery("I"),
        CopyData(b""),
        CopyDone(),
        CopyIn(0, []),
        ParseComplete(),
        FunctionResult(None),
        error(),
    ],
)
def test_an_answer_without_a_request_is_the_embedders_mistake(command) -> None:
    machine = open_session()
    with pytest.raises(LocalProtocolError):
        machine.send(START, command)
    assert machine.data_to_send() == b""


def test_answers_of_the_extended_protocol_do_not_fit_a_simple_query() -> None:
    machine = open_session()
    machine.receive_data(START, framing.query("x"))
    machine.next_event()
    for command in (ParseComplete(), BindComplete(), PortalSuspended(), NoData()):
        with pytest.raises(LocalProtocolError):
            machine.send(START, command)


def test_a_second_error_of_a_pipeline_is_the_embedders_mistake() -> None:
    machine = open_session()
    machine.receive_data(START, framing.parse("", "x"))
    machine.next_event()
    machine.send(START, error())
    with pytest.raises(LocalProtocolError):
        machine.send(START, error())


def test_a_zero_byte_in_error_text_does_not_break_the_frame() -> None:
    data = framing.error_response(error_fields("ERROR", "22021", "bad \0 byte", hint="h", position=3))
    assert data.count(b"\0\0") == 2 and b"bad \xef\xbf\xbd byte\0Hh\0P3\0\0" in data
    with pytest.raises(ValueError, match="zero byte"):
        framing.query("a\0b")


# ---- back-pressure and hand-over


def test_a_backlog_asks_to_pause_reading() -> None:
    machine = open_session(Limits(backlog_bytes_max=100))
    query = framing.query("x" * 50)
    machine.receive_data(START, query * 3)
    assert machine.backlogged and machine.pending
    for _ in range(3):
        assert isinstance(machine.next_event(), QueryReceived)
        machine.ready("I")
    assert not machine.backlogged and not machine.pending


def test_one_large_message_that_is_still_coming_is_no_backlog() -> None:
    machine = open_session(Limits(backlog_bytes_max=100))
    machine.receive_data(START, framing.query("x" * 5000)[:2000])
    assert machine.next_event() is NEED_DATA
    assert not machine.backlogged and not machine.pending


def test_unread_bytes_can_be_handed_over() -> None:
    machine = open_session()
    for piece in cut_bytes(b"Q\0\0"):
        machine.receive_data(START, piece)
    machine.receive_data(START, b"")
    assert machine.take_unread() == (b"Q\0\0", True)
