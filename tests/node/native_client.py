"""A native client on a simulated host: requests in, responses out, in the order in which they come."""

from __future__ import annotations

from typing import Any

from rustydb_proto.binary import ClientMachine, Limits
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.core import io
from rustydb_proto.core.machine import Stop
from tests.node.support import Client, Host


class NativeClient:
    """One connection. `responses` holds what was not asked for yet, `unasked` notifications, `end` the last event."""

    def __init__(self, host: Host, transport: Client, **options: Any) -> None:
        self.host = host
        self.transport = transport
        entropy = transport.entropy
        limits = options.pop("limits", Limits())
        given = {"user": "admin", "password": "admin", "database": "rustydb"} | options
        self.machine = ClientMachine(host.now, entropy, limits=limits, **given)
        self.started: e.SessionStarted | None = None
        self.responses: list[e.ResponseReceived] = []
        self.unasked: list[m.Response] = []
        self.end: e.ClientEvent | None = None
        self.move()
        self.move()

    def move(self) -> None:
        """Send what there is, and take what comes."""
        data = self.machine.data_to_send()
        if data:
            self.host.step(io.Received(self.transport.conn, data))
        self.listen()

    def listen(self) -> None:
        """Take what the node has sent."""
        data = self.transport.take()
        if data:
            self.machine.receive_data(self.host.now, data)
        while not isinstance(event := self.machine.next_event(), Stop):
            match event:
                case e.SessionStarted():
                    self.started = event
                case e.ResponseReceived():
                    self.responses.append(event)
                case e.NotificationReceived(response):
                    self.unasked.append(response)
                case _:
                    self.end = event

    def send(self, *messages: m.Request) -> list[int]:
        """Send requests in one piece and return their numbers."""
        numbers = [self.machine.request(self.host.now, message) for message in messages]
        self.move()
        return numbers

    def take(self) -> list[m.Response]:
        """Return the responses that have come, in order."""
        taken, self.responses = self.responses, []
        return [event.response for event in taken]

    def take_for(self, number: int) -> list[m.Response]:
        """Return the responses to one request that have come."""
        mine = [event.response for event in self.responses if event.request == number]
        self.responses = [event for event in self.responses if event.request != number]
        return mine

    def ask(self, message: m.Request) -> Any:
        """Send a request that has one response, and return that."""
        (number,) = self.send(message)
        (response,) = self.take_for(number)
        return response

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        """Return the rows of a statement."""
        result = self.ask(m.Execute(sql, parameters))
        assert isinstance(result, m.QueryResult), result
        return list(result.rows)

    def error(self, message: m.Request) -> m.ErrorFields:
        """Return the error that answers a request."""
        response = self.ask(message)
        assert isinstance(response, m.Error), response
        return response.fields


def connect(host: Host, **options: Any) -> NativeClient:
    """Open a session of the superuser."""
    client = NativeClient(host, host.accept(), **options)
    assert client.started is not None, client.end
    return client
