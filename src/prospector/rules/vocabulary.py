"""The closed lists of words that rules and events may use."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from prospector.sdk import BY_HAND_KINDS, KINDS, OUR_KINDS, THEIR_ACTS, THEIR_CONTENT, THEIR_EVENTS

__all__ = ["BY_HAND_KINDS", "CHANNELS", "FREE_MAIL", "KINDS", "LISTS", "TIME_UNITS", "duration", "nearest"]

THEIR_KINDS = THEIR_CONTENT | THEIR_ACTS | THEIR_EVENTS
WEIGHT_NAMES = frozenset(
    {f"them.{kind}" for kind in THEIR_KINDS} | {f"us.{kind}" for kind in OUR_KINDS | THEIR_KINDS}
)

CHANNELS = frozenset(
    {"bluesky", "mastodon", "x", "linkedin", "github", "reddit", "hackernews", "youtube", "substack"}
    | {"medium", "threads", "tiktok", "instagram", "facebook", "telegram", "stackoverflow", "feed"}
    | {"email", "phone", "whatsapp", "slack", "calendar", "calendly", "calcom", "docusign", "web", "ui"}
    | {"import", "crm", "hubspot", "pipedrive", "folk"}
)

# Large public mail providers: an address there says nothing about a company.
FREE_MAIL = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com"}
    | {"yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com"}
    | {"gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de"}
    | {"proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.io", "mail.com", "mail.ru"}
    | {"yandex.ru", "yandex.com", "qq.com", "163.com", "126.com", "orange.fr", "wanadoo.fr", "free.fr"}
    | {"laposte.net", "libero.it", "bluewin.ch", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "outlook.de"}
    | {"fastmail.com", "zoho.com", "hey.com", "posteo.de", "mailbox.org", "rediffmail.com", "naver.com"}
)
LISTS = {"free_mail": FREE_MAIL}

TIME_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)


def duration(text: str) -> int | None:
    """The seconds that "90s", "5m", "12h", "14d" or "2w" stand for; None if it is no duration."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * TIME_UNITS[found[2]] if found else None


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for the end of an error: what the person probably meant, or what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(names)}" if names else ""
