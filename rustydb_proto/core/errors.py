"""The one exception a protocol machine raises.

What the peer sends never raises: it becomes an event. What the *embedder* asks for in a state where the
protocol has no such message is a bug of the embedder, and `LocalProtocolError` says so at once, before a byte
of it is written (the model is h11's exception of the same name).
"""

from __future__ import annotations


class LocalProtocolError(Exception):
    """The embedder sent a command that the protocol does not allow in the machine's state."""
