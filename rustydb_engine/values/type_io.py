"""The record of a type's input and output functions; see `io` for their contracts."""

from __future__ import annotations

from collections.abc import Callable

from rustydb_proto.core.value import value


@value
class TypeIO:
    """Text and binary input and output of one type.

    input(text, typmod, forms, now=None) -> value; output(value, forms) -> str; send(value, forms) -> bytes;
    receive(data, typmod, forms) -> value.
    """

    input: Callable[..., object]
    output: Callable[..., str]
    send: Callable[..., bytes]
    receive: Callable[..., object]
