"""The text of a mail exactly as it leaves: what was written, and the footer below it."""

from __future__ import annotations


def text_of(body: str, footer: str) -> str:
    """The text/plain part, before line ends become those of the wire.

    Preview, approval and delivery all take it from here, so that what was approved is what is sent.
    A message without a footer (an answer, a post) is its body alone.
    """
    return f"{body.rstrip()}\n\n{footer}" if footer else body
