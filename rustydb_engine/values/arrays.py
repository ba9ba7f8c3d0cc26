"""Arrays: the `{…}` text form, the binary form, and their dimensions.

An array is a tuple of elements; more dimensions are nested tuples, rectangular; empty is (). Every lower bound is 1: text
with explicit bounds `[1:2]={a,b}` is read, other lower bounds are 0A000. An array whose elements are tuples themselves
(record, timetz, vectors) has one dimension.

    array_in('{1,NULL,"3"}', …) == (1, None, 3);  array_out((("a", "b c"),), …) == '{{a,"b c"}}'

Source: PostgreSQL 15, section 8.15; src/backend/utils/adt/arrayfuncs.c.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from struct import Struct, pack, unpack_from
from typing import NoReturn

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.text import syntax_error
from rustydb_engine.values.type_io import TypeIO
from rustydb_engine.values.types import Type

DIMENSIONS_MAX = 6
ELEMENTS_MAX = 134_217_727
FLAT_ELEMENTS = frozenset(("record", "timetz", "int2vector", "oidvector"))
_BLANKS = " \t\n\v\f\r"
_BOUNDS = re.compile(r"\s*\[\s*([+-]?\d+)\s*(?::\s*([+-]?\d+)\s*)?\]", re.A)
_PIECE = re.compile(r'[^{}",\\]+')
_PLAIN = re.compile(r'\{([^{}"\\,\s]+(?:,[^{}"\\,\s]+)*)\}\Z')
_QUOTED = re.compile(r'[^"\\]*')

Array = tuple[object, ...]


def malformed(source: str, detail: str) -> SqlError:
    """Return the error for text that is no array (22P02)."""
    return SqlError("22P02", f'malformed array literal: "{source}"', detail=detail)


def too_many_dimensions(count: int) -> SqlError:
    """Return the error for an array of more dimensions than there may be (54000)."""
    return SqlError("54000", f"number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})")


def dimensions(value: Array, flat: bool = False) -> tuple[int, ...]:
    """Return the length of each dimension; () for an empty array."""
    sizes: list[int] = []
    level: object = value
    while type(level) is tuple and level:
        sizes.append(len(level))
        if flat:
            break
        level = level[0]
    return tuple(sizes)


def flatten(value: Array, depth: int) -> Iterator[object]:
    """Give the elements of an array of `depth` dimensions in storage order."""
    if depth <= 1:
        yield from value
        return
    for item in value:
        assert isinstance(item, tuple), "dimensions nest"
        yield from flatten(item, depth - 1)


def nest(items: list[object], sizes: tuple[int, ...]) -> Array:
    """Return the nested tuples for elements in storage order."""
    for size in reversed(sizes[1:]):
        items = [tuple(items[at : at + size]) for at in range(0, len(items), size)]
    return tuple(items)


class _Reader:
    """One pass over an array's text: `items` in storage order, `sizes` of the dimensions."""

    def __init__(self, source: str, read: Callable[[str], object]) -> None:
        self.source = source
        self.read = read
        self.items: list[str | None] = []
        self.sizes: list[int] = []
        self.pending_ragged = False
        self.at = 0
        self.shown = 0

    def fail(self, detail: str) -> NoReturn:
        raise malformed(self.source[self.shown :], detail)

    def skip_blanks(self) -> str:
        """Move over blanks and return the next character, '' at the end."""
        source, at = self.source, self.at
        while at < len(source) and source[at] in _BLANKS:
            at += 1
        self.at = at
        return source[at] if at < len(source) else ""

    def bounds(self) -> list[int]:
        """Read explicit bounds up to the equals sign; return the sizes that they promise."""
        sizes: list[int] = []
        while match := _BOUNDS.match(self.source, self.at):
            if len(sizes) >= DIMENSIONS_MAX:
                raise too_many_dimensions(len(sizes) + 1)
            low, high = (1, int(match[1])) if match[2] is None else (int(match[1]), int(match[2]))
            if high < low:
                raise SqlError("2202E", "upper bound cannot be less than lower bound")
            if low != 1:
                raise not_supported("an array with a lower bound other than 1")
            sizes.append(high - low + 1)
            self.at = match.end()
        if sizes:
            if self.skip_blanks() != "=":
                self.fail('Missing "=" after array dimensions.')
            self.at += 1
        return sizes

    def array(self) -> Array:
        """Read the whole text."""
        first = self.skip_blanks()
        if first == "[":
            promised = self.bounds()
            if not promised:
                self.fail('"[" must introduce explicitly-specified array dimensions.')
            if self.skip_blanks() != "{":
                self.fail('Array contents must start with "{".')
        elif first != "{":
            self.fail('Array value must start with "{" or dimension information.')
        else:
            promised = []
        # Messages show the contents only: neither blanks nor bounds before them.
        self.shown = self.at
        self.level()
        if self.skip_blanks():
            self.fail("Junk after closing right brace.")
        if self.pending_ragged:
            self.ragged()
        if promised and promised != self.sizes:
            self.shown = 0
            self.fail("Specified array dimensions do not match array contents.")
        if not self.items:
            return ()
        read = self.read
        return nest([None if text is None else read(text) for text in self.items], tuple(self.sizes))

    def level(self) -> None:
        """Read from the first brace to its partner.

        `counts` is the number of items so far in each open level, `last` that of the level closed before at a depth.
        `state` is what came last: an item may follow only where PostgreSQL's ArrayCount lets it.
        """
        counts: list[int] = []
        last = [0] * (DIMENSIONS_MAX + 1)
        leaf = 0
        mixed = False
        state = ""
        while True:
            char = self.skip_blanks()
            if not char:
                self.fail("Unexpected end of input.")
            if char == "{":
                if state not in ("", "opened", "level delimited"):
                    self.fail('Unexpected "{" character.')
                counts.append(1)
                if len(counts) > DIMENSIONS_MAX:
                    raise too_many_dimensions(len(counts))
                state = "opened"
                self.at += 1
            elif char == "}":
                if state not in ("item", "closed") and not (state == "opened" and len(counts) == 1):
                    self.fail('Unexpected "}" character.')
                self.at += 1
                depth, count = len(counts), counts.pop()
                if last[depth] not in (0, count):
                    self.ragged()
                last[depth] = count
                if not counts:
                    break
                state = "closed"
            elif char == ",":
                if state not in ("item", "closed"):
                    self.fail('Unexpected "," character.')
                self.at += 1
                counts[-1] += 1
                state = "delimited" if state == "item" else "level delimited"
            else:
                if state not in ("opened", "delimited"):
                    self.fail('Unexpected "\\" character.' if char == "\\" else "Unexpected array element.")
                mixed = mixed or leaf not in (0, len(counts))
                leaf = len(counts)
                self.items.append(self.element())
                state = "item"
        if self.items and (mixed or any(last[leaf + 1 :])):
            # PostgreSQL lets some arrays of mixed depth pass and makes up elements; we do not.
            self.pending_ragged = True
        self.sizes = last[1 : leaf + 1] if self.items else []

    def ragged(self) -> NoReturn:
        """Raise for sub-arrays of different sizes."""
        self.fail("Multidimensional arrays must have sub-arrays with matching dimensions.")

    def element(self) -> str | None:
        """Read the text of one element; an unquoted NULL is None."""
        source, at = self.source, self.at
        if source[at] == '"':
            text, self.at = self.quoted(at + 1)
            follow = self.skip_blanks()
            if follow and follow not in ",}":
                self.fail(f'Unexpected "{follow}" character.' if follow in "{\\" else "Unexpected array element.")
            return text
        parts: list[str] = []
        kept = 0
        escaped = False
        while at < len(source) and source[at] not in "{},":
            char = source[at]
            if char == "\\":
                if at + 1 >= len(source):
                    self.fail("Unexpected end of input.")
                parts.append(source[at + 1])
                kept = len("".join(parts))
                escaped = True
                at += 2
            elif char == '"':
                self.fail("Unexpected array element.")
            else:
                match = _PIECE.match(source, at)
                assert match, "a plain character"
                parts.append(match[0])
                at = match.end()
        self.at = at
        if at >= len(source):
            self.fail("Unexpected end of input.")
        if source[at] == "{":
            self.fail('Unexpected "{" character.')
        joined = "".join(parts)
        text = joined[:kept] + joined[kept:].rstrip(_BLANKS)
        if not escaped and text.upper() == "NULL":
            return None
        return text

    def quoted(self, at: int) -> tuple[str, int]:
        """Read up to the closing quote; return (text, the offset after the quote)."""
        source = self.source
        parts: list[str] = []
        while True:
            match = _QUOTED.match(source, at)
            assert match, "a run may be empty"
            parts.append(match[0])
            at = match.end()
            if at >= len(source) or (source[at] == "\\" and at + 1 >= len(source)):
                self.fail("Unexpected end of input.")
            if source[at] == '"':
                return "".join(parts), at + 1
            parts.append(source[at + 1])
            at += 2


def array_text(value: Array, show: Callable[[object], str], flat: bool = False) -> str:
    """Return the text form of an array whose elements `show` prints."""
    return "{" + ",".join(
        [
            "NULL"
            if item is None
            else array_text(item, show)
            if type(item) is tuple and not flat
            else quote_element(show(item))
            for item in value
        ]
    ) + "}"  # fmt: skip


_NEEDS_QUOTES = re.compile(r'[{}",\\ \t\n\v\f\r]|\Anull\Z|\A\Z', re.I)


def quote_element(shown: str) -> str:
    """Return an element's text as it stands in an array's text form."""
    if not _NEEDS_QUOTES.search(shown):
        return shown
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array_io(element: Type, io: TypeIO) -> TypeIO:
    """Return the functions of the array type over `element`."""
    read, show, send_item, receive_item = io.input, io.output, io.send, io.receive
    flat = element.name in FLAT_ELEMENTS
    oid = element.oid

    def array_input(source: str, typmod: int, forms: Forms, now: int | None = None) -> Array:
        plain = _PLAIN.match(source)
        if plain is not None:
            return tuple(
                [None if word.upper() == "NULL" else read(word, typmod, forms, now) for word in plain[1].split(",")]
            )
        return _Reader(source, lambda text: read(text, typmod, forms, now)).array()

    def output(value: Array, forms: Forms) -> str:
        return array_text(value, lambda item: show(item, forms), flat)

    def send(value: Array, forms: Forms) -> bytes:
        return array_bytes(value, oid, flat, 1, lambda item: send_item(item, forms))

    def receive(data: bytes, typmod: int, forms: Forms) -> Array:
        return array_from_bytes(data, oid, 1, lambda item: receive_item(item, typmod, forms))

    return TypeIO(array_input, output, send, receive)


def array_bytes(value: Array, oid: int, flat: bool, lower: int, send: Callable[[object], bytes]) -> bytes:
    """Return the binary form: dimensions, a flag for NULLs, the element type, then each element with its length."""
    sizes = dimensions(value, flat)
    items = list(flatten(value, len(sizes)))
    head = pack("!iiI", len(sizes), 1 if None in items else 0, oid)
    parts = [head]
    parts += [pack("!ii", size, lower) for size in sizes]
    for item in items:
        if item is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            data = send(item)
            parts += pack("!i", len(data)), data
    return b"".join(parts)


def array_from_bytes(data: bytes, oid: int, lower: int, receive: Callable[[bytes], object]) -> Array:
    """Read the binary form; 22P03 when it is malformed, 42804 for another element type."""
    if len(data) < 12:
        raise SqlError("08P01", "insufficient data left in message")
    count, flags, element = unpack_from("!iiI", data)
    if count < 0:
        raise SqlError("22P03", f"invalid number of dimensions: {count}")
    if count > DIMENSIONS_MAX:
        raise too_many_dimensions(count)
    if flags not in (0, 1):
        raise SqlError("22P03", "invalid array flags")
    if element != oid:
        raise SqlError("42804", f"binary data has array element type {element} instead of expected {oid}")
    at = 12
    sizes = []
    total = 1
    if len(data) < at + 8 * count:
        raise SqlError("08P01", "insufficient data left in message")
    for _ in range(count):
        size, low = unpack_from("!ii", data, at)
        at += 8
        if low != lower and size:
            raise not_supported("an array with a lower bound other than 1")
        sizes.append(size)
        total *= size
        if size < 0 or total > ELEMENTS_MAX:
            raise SqlError("54000", f"array size exceeds the maximum allowed ({ELEMENTS_MAX})")
    if not count or not total:
        return ()
    items: list[object] = []
    for _ in range(total):
        if len(data) < at + 4:
            raise SqlError("08P01", "insufficient data left in message")
        length = unpack_from("!i", data, at)[0]
        at += 4
        if length < -1 or len(data) < at + length:
            raise SqlError("22P03", "insufficient data left in message")
        if length < 0:
            items.append(None)
        else:
            items.append(receive(data[at : at + length]))
            at += length
    if at != len(data):
        raise SqlError("22P03", "incorrect binary data format")
    return nest(items, tuple(sizes))


def vector_io(name: str, parse: Callable[[str], int], shape: Struct, oid: int) -> TypeIO:
    """Return the functions of int2vector or oidvector: numbers with blanks between, subscripts from 0."""

    def read(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> tuple[int, ...]:
        return tuple(parse(word) for word in source.split())

    def output(value: tuple[int, ...], _forms: Forms) -> str:
        return " ".join(map(str, value))

    def send(value: tuple[int, ...], _forms: Forms) -> bytes:
        head = pack("!iiIii", 1, 0, oid, len(value), 0)
        return head + b"".join(pack("!i", shape.size) + shape.pack(number) for number in value)

    def receive(data: bytes, _typmod: int, _forms: Forms) -> Array:
        items = array_from_bytes(data, oid, 0, lambda item: shape.unpack(item)[0])
        if any(type(item) is tuple or item is None for item in items):
            raise syntax_error(name + "vector", "")
        return items

    return TypeIO(read, output, send, receive)
