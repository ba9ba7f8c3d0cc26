"""Randomness as an argument: a SHA-256 counter stream from a 32-byte seed.

The host seeds one `Entropy` from the operating system, the simulator from its own seed, and every
part of the node takes a `child` by label, so that adding a consumer does not shift what the others draw.
"""

from __future__ import annotations

import hashlib


class Entropy:
    """A deterministic stream of bytes. `seed` is 32 bytes and must be secret in production."""

    __slots__ = ("_block", "_counter", "_seed")

    def __init__(self, seed: bytes) -> None:
        assert len(seed) == 32, "an entropy seed is 32 bytes"
        self._seed = seed
        self._counter = 0
        self._block = b""

    def child(self, label: str) -> Entropy:
        """Return an independent stream; equal labels give equal streams."""
        return Entropy(hashlib.sha256(self._seed + b"/" + label.encode()).digest())

    def bytes(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        parts = [self._block]
        have = len(self._block)
        while have < size:
            self._counter += 1
            block = hashlib.sha256(self._seed + self._counter.to_bytes(8, "big")).digest()
            parts.append(block)
            have += len(block)
        data = b"".join(parts)
        self._block = data[size:]
        return data[:size]

    def integer(self, bits: int) -> int:
        """Return an unsigned integer of `bits` bits, a multiple of 8."""
        assert bits % 8 == 0, "bits come in whole bytes"
        return int.from_bytes(self.bytes(bits // 8), "big")

    def below(self, bound: int) -> int:
        """Return an integer in [0, bound); the bias is below 2**-64."""
        assert bound > 0, "an empty range has no member"
        return self.integer(bound.bit_length() // 8 * 8 + 72) % bound

    def fraction(self) -> float:
        """Return a float in [0, 1) with 53 random bits."""
        return (self.integer(56) >> 3) / (1 << 53)
