"""How a mail is unsubscribed from: its token, its link, and the header that mail clients act on.

RFC 8058 (one click), RFC 2369 (List-Unsubscribe), RFC 6068 (the mailto address). A token is made when
the mail is drafted, never ends, and says nothing about anybody.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import quote

BYTES = 24
"""192 bits: RFC 8058, 3.1 asks for what nobody can guess; the design for at least 128."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
PATH = "/u/"


def new_token() -> str:
    return secrets.token_urlsafe(BYTES)


def is_token(text: str) -> bool:
    """Whether this could be one of ours: nothing else is looked up."""
    return _TOKEN.fullmatch(text) is not None


def link(public_url: str, token: str) -> str:
    """The address of the page with the button; a POST to it unsubscribes."""
    return f"{public_url.rstrip('/')}{PATH}{token}"


def header(token: str, public_url: str, mailbox: str) -> str:
    """The value of List-Unsubscribe; empty where there is neither a public address nor a mailbox.

    The https address comes first: clients take the first that they can. Only with it is one click
    offered (the connector adds List-Unsubscribe-Post): a `mailto:` cannot be posted to.
    """
    ways = [link(public_url, token)] if public_url else []
    ways += [f"mailto:{quote(mailbox, safe='@')}?subject=unsubscribe%20{token}"] if mailbox else []
    return ", ".join(f"<{way}>" for way in ways)
