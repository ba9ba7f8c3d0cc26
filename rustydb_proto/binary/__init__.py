"""The native protocol: both halves as pure state machines. README.md beside this file has the bytes."""

from rustydb_proto.binary import events, messages, values
from rustydb_proto.binary.admission import Phase
from rustydb_proto.binary.breaker import BreakerConfig, Circuit, CircuitBreaker
from rustydb_proto.binary.client import ClientMachine, ClientPhase
from rustydb_proto.binary.compression import COMPRESSION_NAMES
from rustydb_proto.binary.extensions import ExtensionRegistry
from rustydb_proto.binary.framing import MAGIC
from rustydb_proto.binary.limits import Limits
from rustydb_proto.binary.rate_limit import TokenBucket
from rustydb_proto.binary.schema import ENCODING_NAMES, Encoding
from rustydb_proto.binary.server import ServerMachine
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused, Stop
from rustydb_proto.core.time import Now

__all__ = [
    "COMPRESSION_NAMES",
    "ENCODING_NAMES",
    "MAGIC",
    "NEED_DATA",
    "PAUSED",
    "BreakerConfig",
    "Circuit",
    "CircuitBreaker",
    "ClientMachine",
    "ClientPhase",
    "Encoding",
    "Entropy",
    "ExtensionRegistry",
    "Limits",
    "LocalProtocolError",
    "NeedData",
    "Now",
    "Paused",
    "Phase",
    "ServerMachine",
    "Stop",
    "TokenBucket",
    "events",
    "messages",
    "values",
]
