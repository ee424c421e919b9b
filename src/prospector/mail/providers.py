"""What is known of the submission servers of some providers, by the name of the host.

It matters where nobody knows whether a mail was sent: a copy that the server files itself proves that
it was, and its absence that it was not; an id that the server replaces proves nothing either way.
"""

from __future__ import annotations

import re
from typing import Literal

Copies = Literal["yes", "no", "unknown"]

_FILING = frozenset({"smtp.gmail.com", "smtp.googlemail.com"})
"""Gmail files what is sent by its SMTP server, once for each Message-ID (support.google.com/mail,
"Send email from a different address or alias")."""
_SES = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]{1,40})\.amazonaws\.com")
_SES_REPLY = re.compile(r"250 [Oo]k:? ([0-9A-Za-z-]{20,100})\s*")
_FIRST_REGION = "us-east-1"


def copies_of(host: str) -> Copies:
    """Whether the server files copies of sent mail by itself."""
    return "yes" if host.lower() in _FILING else "unknown"


def replaces_ids(host: str) -> bool:
    """Whether the server writes a Message-ID of its own over ours: Amazon SES does."""
    return _SES.fullmatch(host.lower()) is not None


def id_given(host: str, reply: str) -> str | None:
    """The Message-ID that the server gave a mail, from its answer to the end of the mail; None where
    it kept ours. SES names its id there and writes it with a domain of the region (docs.aws.amazon.com,
    SES Developer Guide, "Header fields in Amazon SES")."""
    region, words = _SES.fullmatch(host.lower()), _SES_REPLY.match(reply)
    if region is None or words is None:
        return None
    name = "email" if region[1] == _FIRST_REGION else region[1]
    return f"<{words[1]}@{name}.amazonses.com>"
