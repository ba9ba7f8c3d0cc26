"""A whole conversation in hex, for whoever writes a client: `vectors/native_conversation.txt`, which this file makes and checks.

Its nonces and salt are fixed: user ann, password pencil, SCRAM-SHA-256 with 16 iterations.
"""

from __future__ import annotations

from pathlib import Path

from native_support import COLUMN, START, VERIFIER, client, server

from rustydb_proto.binary import ClientMachine, ServerMachine, Stop
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.framing import PREFACE_BYTES, unpack_header

VECTOR = Path(__file__).parent / "vectors" / "native_conversation.txt"
HEAD = """# One conversation in each encoding; C is the client, S the server. Frames: length, flags, request, body.
# user ann, password pencil. tests/proto/test_native_conversation.py checks it.""".splitlines()


def answer(machine: ServerMachine, event: e.ServerEvent) -> None:
    match event:
        case e.HelloReceived():
            machine.send(START, e.Authenticate("scram-sha-256", VERIFIER))
        case e.Authenticated():
            machine.send(START, e.SessionReady(7, "RustyDB", (("TimeZone", "UTC"),)))
        case e.RequestReceived(request, m.Query()):
            machine.answer(request, m.QueryResult((COLUMN,), ((42,),), 1, "SELECT 1"))
        case e.RequestReceived(request, m.Execute(options=None)):
            machine.answer(request, m.Error(m.ErrorFields("division by zero", "22012")))
        case e.RequestReceived(request):
            machine.answer(request, m.Columns((COLUMN,)), more=True)
            machine.answer(request, m.Rows(((1,), (2,))), more=True)
        case e.CreditGranted(request):
            machine.answer(request, m.Rows(((3,),)), more=True)
            machine.answer(request, m.Completed(3, "SELECT 3"))


def lines_of(side: str, data: bytes, preface: bool) -> list[str]:
    lines = []
    if preface:
        lines.append(f"{side} preface {data[:PREFACE_BYTES].hex()}")
        data = data[PREFACE_BYTES:]
    while data:
        length, _, _ = unpack_header(data)
        head, body = data[:9], data[9 : 9 + length]
        lines.append(f"{side} frame   {head[:4].hex()} {head[4:5].hex()} {head[5:].hex()} {body.hex()}")
        data = data[9 + length :]
    return lines


def exchange(client_machine: ClientMachine, server_machine: ServerMachine, lines: list[str], first: bool) -> None:
    """Move bytes once in each direction, and write them down."""
    upstream = client_machine.data_to_send()
    lines += lines_of("C", upstream, first)
    server_machine.receive_data(START, upstream)
    while not isinstance(event := server_machine.next_event(), Stop):
        answer(server_machine, event)
    downstream = server_machine.data_to_send()
    lines += lines_of("S", downstream, first)
    client_machine.receive_data(START, downstream)
    while not isinstance(reply := client_machine.next_event(), Stop):
        assert not isinstance(reply, e.ProtocolFailed | e.AuthenticationFailed), reply


def conversation(encoding: str) -> list[str]:
    client_machine, server_machine = client(database="shop", encodings=(encoding,)), server()
    lines = ["", f"# {encoding}: handshake"]
    exchange(client_machine, server_machine, lines, True)
    exchange(client_machine, server_machine, lines, False)
    lines.append("# SELECT 6 * 7, SELECT $1 / 0 and Ping at once")
    for message in (m.Query("SELECT 6 * 7"), m.Execute("SELECT $1 / 0", (1,)), m.Ping()):
        client_machine.request(START, message)
    exchange(client_machine, server_machine, lines, False)
    lines.append("# a stream with a credit of one batch, and one more")
    number = client_machine.request(START, m.Execute("SELECT n FROM t", (), m.Options(credit=1)))
    exchange(client_machine, server_machine, lines, False)
    client_machine.credit(START, number, 1)
    exchange(client_machine, server_machine, lines, False)
    lines.append("# the end")
    client_machine.send(START, m.Goodbye())
    exchange(client_machine, server_machine, lines, False)
    assert server_machine.output_ended and client_machine.output_ended
    return lines


def content() -> list[str]:
    return [*HEAD, *conversation("messagepack"), *conversation("bincode")]


def test_the_conversation() -> None:
    assert VECTOR.read_text().splitlines() == content()


if __name__ == "__main__":
    VECTOR.write_text("\n".join(content()) + "\n")
