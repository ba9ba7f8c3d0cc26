"""Hash functions of values: hashtext, hashint4 and kin, as hash indexes and hash partitions of PostgreSQL compute them.

People use them to turn a text into a number for an advisory lock or a sample. `hash_bytes` is Bob Jenkins's lookup3 as
PostgreSQL has it, over little-endian words; the extended functions mix in a 64-bit seed and give 64 bits.

Source: PostgreSQL 15, src/common/hashfn.c, src/backend/access/hash/hashfunc.c.
"""

from __future__ import annotations

from struct import pack

from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.floats import round4

_MASK = 0xFFFFFFFF
_START = 0x9E3779B9 + 3923095


def _rotate(number: int, bits: int) -> int:
    return (number << bits | number >> (32 - bits)) & _MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    a = (a - c & _MASK) ^ _rotate(c, 4)
    c = c + b & _MASK
    b = (b - a & _MASK) ^ _rotate(a, 6)
    a = a + c & _MASK
    c = (c - b & _MASK) ^ _rotate(b, 8)
    b = b + a & _MASK
    a = (a - c & _MASK) ^ _rotate(c, 16)
    c = c + b & _MASK
    b = (b - a & _MASK) ^ _rotate(a, 19)
    a = a + c & _MASK
    c = (c - b & _MASK) ^ _rotate(b, 4)
    b = b + a & _MASK
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int]:
    c = (c ^ b) - _rotate(b, 14) & _MASK
    a = (a ^ c) - _rotate(c, 11) & _MASK
    b = (b ^ a) - _rotate(a, 25) & _MASK
    c = (c ^ b) - _rotate(b, 16) & _MASK
    a = (a ^ c) - _rotate(c, 4) & _MASK
    b = (b ^ a) - _rotate(a, 14) & _MASK
    c = (c ^ b) - _rotate(b, 24) & _MASK
    return b, c


def _seeded(size: int, seed: int) -> tuple[int, int, int]:
    a = b = c = _START + size & _MASK
    if seed:
        a = a + (seed >> 32) & _MASK
        b = b + (seed & _MASK) & _MASK
        a, b, c = _mix(a, b, c)
    return a, b, c


def _hash(data: bytes, seed: int = 0) -> tuple[int, int]:
    """Return the last two words of the hash of bytes."""
    a, b, c = _seeded(len(data), seed)
    at = 0
    while len(data) - at >= 12:
        a = a + int.from_bytes(data[at : at + 4], "little") & _MASK
        b = b + int.from_bytes(data[at + 4 : at + 8], "little") & _MASK
        c = c + int.from_bytes(data[at + 8 : at + 12], "little") & _MASK
        a, b, c = _mix(a, b, c)
        at += 12
    rest = data[at:]
    a = a + int.from_bytes(rest[:4], "little") & _MASK
    b = b + int.from_bytes(rest[4:8], "little") & _MASK
    # The lowest byte of c is reserved for the length.
    c = c + (int.from_bytes(rest[8:], "little") << 8) & _MASK
    return _final(a, b, c)


def _signed4(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number


def _signed8(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def hash_bytes(data: bytes) -> int:
    """Return the hash of bytes as an integer."""
    return _signed4(_hash(data)[1])


def hash_bytes_extended(data: bytes, seed: int) -> int:
    """Return the seeded hash of bytes as a bigint."""
    high, low = _hash(data, seed & 0xFFFFFFFFFFFFFFFF)
    return _signed8(high << 32 | low)


def hash_word(number: int) -> int:
    """Return the hash of 32 bits."""
    a, b, c = _seeded(4, 0)
    return _signed4(_final(a + (number & _MASK) & _MASK, b, c)[1])


def hash_word_extended(number: int, seed: int) -> int:
    """Return the seeded hash of 32 bits."""
    a, b, c = _seeded(4, seed & 0xFFFFFFFFFFFFFFFF)
    high, low = _final(a + (number & _MASK) & _MASK, b, c)
    return _signed8(high << 32 | low)


def _folded(number: int) -> int:
    """Return 64 bits as 32, so that equal int4 and int8 values have one hash."""
    low, high = number & _MASK, number >> 32 & _MASK
    return low ^ (high if number >= 0 else ~high & _MASK)


@function("hashint2(int2) -> int4", oid=449)
@function("hashint4(int4) -> int4", oid=450)
@function("hashoid(oid) -> int4", oid=453)
def hash_int(number: int) -> int:
    return hash_word(number)


@function("hashint2extended(int2, int8) -> int8", oid=441)
@function("hashint4extended(int4, int8) -> int8", oid=425)
@function("hashoidextended(oid, int8) -> int8", oid=445)
def hash_int_extended(number: int, seed: int) -> int:
    return hash_word_extended(number, seed)


@function("hashint8(int8) -> int4", oid=949)
def hash_int8(number: int) -> int:
    return hash_word(_folded(number))


@function("hashint8extended(int8, int8) -> int8", oid=442)
def hash_int8_extended(number: int, seed: int) -> int:
    return hash_word_extended(_folded(number), seed)


@function("hashtext(text) -> int4", oid=400)
@function("hashname(name) -> int4", oid=455)
def hash_text(value: str) -> int:
    return hash_bytes(value.encode())


@function("hashtextextended(text, int8) -> int8", oid=448)
@function("hashnameextended(name, int8) -> int8", oid=447)
def hash_text_extended(value: str, seed: int) -> int:
    return hash_bytes_extended(value.encode(), seed)


@function("hashbpchar(bpchar) -> int4", oid=1080)
def hash_bpchar(value: str) -> int:
    return hash_bytes(value.rstrip(" ").encode())


@function("hashbpcharextended(bpchar, int8) -> int8", oid=972)
def hash_bpchar_extended(value: str, seed: int) -> int:
    return hash_bytes_extended(value.rstrip(" ").encode(), seed)


@function("hashchar(char) -> int4", oid=454)
def hash_char(value: str) -> int:
    code = value.encode()[0] if value else 0
    return hash_word(code - 256 if code > 127 else code)


@function("uuid_hash(uuid) -> int4", oid=2963)
def uuid_hash(value: bytes) -> int:
    return hash_bytes(value)


@function("uuid_hash_extended(uuid, int8) -> int8", oid=3412)
def uuid_hash_extended(value: bytes, seed: int) -> int:
    return hash_bytes_extended(value, seed)


def _float_bytes(number: float) -> bytes:
    """Return the bytes that are hashed: those of a double, one NaN for all; zeros hash to 0."""
    return pack("<d", float("nan") if number != number else number)


@function("hashfloat8(float8) -> int4", oid=452)
def hash_float8(number: float) -> int:
    return 0 if number == 0 else hash_bytes(_float_bytes(number))


@function("hashfloat4(float4) -> int4", oid=451)
def hash_float4(number: float) -> int:
    return 0 if number == 0 else hash_bytes(_float_bytes(round4(number)))
