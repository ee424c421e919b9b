"""Whether the receiving server vouches for the sender's domain (Authentication-Results, RFC 8601)."""

from __future__ import annotations

import re

from prospector.mail import read


def dmarc_passed(raw: bytes, authserv: str) -> bool:
    """Whether `authserv`, the name our own server writes, found DMARC aligned for the From domain.

    Only the topmost header of that name counts: the server puts its own above all that came with
    the mail. Without a name nothing is believed, since anybody can write such a header.
    """
    message = read.parse(raw)
    said = read.raw_header(message, "Authentication-Results").lower()
    if not authserv or not re.match(rf"{re.escape(authserv.lower())}(?:[ /]\d+)?\s*;", said):
        return False
    domain = read.sender(message)[1].rpartition("@")[2]
    found = re.search(r"\bdmarc\s?=\s?pass\b[^;]{0,300}?\bheader\.from\s?=\s?\"?@?([^\s;\"]{1,253})", said)
    return bool(domain) and found is not None and found.group(1) == domain
