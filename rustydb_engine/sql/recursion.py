"""Room for recursion: statements nested a thousand levels deep are bound and planned by recursive functions.

Python's default limit of 1000 frames is too low for that. Since CPython 3.11 a call from Python to Python takes no C stack, so a
higher limit is safe within the bound that the parser sets on the depth of a statement (depth.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES_MAX = 20_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Allow `FRAMES_MAX` frames inside the block."""
    before = sys.getrecursionlimit()
    if before >= FRAMES_MAX:
        yield
        return
    sys.setrecursionlimit(FRAMES_MAX)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
