"""What the codecs raise for bytes that are not a message; the machines turn it into an answer."""

from __future__ import annotations


class MalformedError(ValueError):
    """The body of a frame is not a message; the text says what is wrong with it."""
