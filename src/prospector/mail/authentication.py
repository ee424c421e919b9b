"""Whether the receiving server vouches for the sender's domain (Authentication-Results, RFC 8601)."""

from __future__ import annotations

import re

from prospector.mail import read

_QUOTED = re.compile(r'"((?:[^"\\]|\\(?:.|\Z))*)(?:"|\Z)')
_COMMENT = re.compile(r"\([^()]*(?:\)|\Z)")
_IS_DMARC = re.compile(r"\s*dmarc\s?=")
_DMARC = re.compile(r"dmarc\s?=\s?pass(?:\s.*)?\sheader\.from\s?=\s?@?([^\s;=]{1,253})(?:\s.*)?")


def dmarc_passed(raw: bytes, authserv: str) -> bool:
    """Whether `authserv`, the name our own server writes, found DMARC aligned for the From domain.

    Only the topmost header of that name counts, and every result for DMARC in it: the server puts
    its own above all that came with the mail. Without a name nothing is believed, since anybody
    can write such a header.
    """
    message = read.parse(raw)
    said = read.raw_header(message, "Authentication-Results").lower()
    if not authserv or not re.match(rf"{re.escape(authserv.lower())}(?:[ /]\d+)?\s*;", said):
        return False
    domain = read.sender(message)[1].rpartition("@")[2]
    results = [
        _DMARC.fullmatch(result.strip()) for result in _bare(said).split(";") if _IS_DMARC.match(result)
    ]
    return bool(domain and results) and all(found and found.group(1) == domain for found in results)


def _bare(said: str) -> str:
    """Without comments and quoted words, in which the sender may have written what they like: the
    name before the @ of the envelope's sender can be `"dmarc=pass header.from=somebody.else"`."""
    return _COMMENT.sub(" ", _QUOTED.sub(lambda found: _domain_in(found[1]), said))


def _domain_in(words: str) -> str:
    return words if re.fullmatch(r"[\w.-]*", words) else "quoted"
