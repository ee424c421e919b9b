"""How an answer was read, in words, and as what else a person may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOT_THEIRS = "not_theirs"
"""What a person says of a mail that is not from whom it was put down to: it counts for nothing."""

FILTERS: Mapping[str, tuple[str, ...]] = {
    "answers": ("email_reply", "reply", "comment", "dm"),
    "mentions": ("mention", "quote"),
    "automatic": ("auto_reply",),
    "bounces": ("bounce",),
    "stops": ("unsubscribe", "complaint"),
    "deeds": (
        "meeting_booked",
        "meeting_cancelled",
        "document_viewed",
        "document_signed",
        "document_declined",
    ),
}
KINDS = tuple(kind for kinds in FILTERS.values() for kind in kinds)
HUMAN = frozenset((*FILTERS["answers"], *FILTERS["mentions"]))


@dataclass(frozen=True, slots=True)
class Reading:
    """How an answer was read: `kind`, in `words`, its tone (good, info, warn, bad) and what follows."""

    kind: str
    words: str
    tone: str
    then: str = ""


def reading_of(
    kind: str, attributes: Mapping[str, Any], stopped: bool, waits: str | None, doubt: bool
) -> Reading:
    """How an answer of this kind was read. `stopped`: its writer is never written to again because of
    it; `waits`: why nothing is sent to them for now; `doubt`: until a person has decided about an opt-out."""
    if attributes.get(NOT_THEIRS):
        return Reading(kind, "Not theirs", "info", "counts for nothing")
    if kind in ("unsubscribe", "complaint"):
        words = "Asks not to be written to" if kind == "unsubscribe" else "Reported our mail as spam"
        if stopped:
            return Reading(kind, words, "bad", "never written to again")
        return Reading(
            kind, f"{words}, in doubt", "warn", "nothing is sent until you decide" if doubt else ""
        )
    if kind == "bounce":
        return _bounce(attributes, stopped)
    if kind == "auto_reply":
        return _auto_reply(attributes, stopped, waits)
    words = LABELS.get(kind, kind.replace("_", " ").capitalize())
    return Reading(kind, words, "good", "stops the follow-ups" if kind in FILTERS["answers"] else "")


LABELS: Mapping[str, str] = {
    "email_reply": "Reply by mail",
    "reply": "Reply",
    "comment": "Comment",
    "dm": "Direct message",
    "mention": "Mention",
    "quote": "Quote",
    "auto_reply": "Automatic reply",
    "unsubscribe": "Asks not to be written to",
    "complaint": "Spam report",
    "bounce": "Bounce",
    NOT_THEIRS: "Not theirs",
}


def choices_of(kind: str, channel: str, original: str) -> tuple[str, ...]:
    """As what a person may read it instead, what it is now left out."""
    social = original if original in HUMAN else "reply"
    human = ("email_reply", "auto_reply") if channel == "email" else (social,)
    every = dict.fromkeys((*human, "unsubscribe", original, NOT_THEIRS))
    return tuple(one for one in every if one != kind)


def _bounce(attributes: Mapping[str, Any], stopped: bool) -> Reading:
    status = f" ({attributes['status']})" if attributes.get("status") else ""
    if attributes.get("hard"):
        then = "the address is never written to again" if stopped else ""
        return Reading("bounce", f"Bounced for good{status}", "bad", then)
    return Reading("bounce", f"Bounced, may pass{status}", "warn", "three in 14 days pause the person")


def _auto_reply(attributes: Mapping[str, Any], stopped: bool, waits: str | None) -> Reading:
    if attributes.get("left"):
        then = "the address is never written to again" if stopped else ""
        return Reading("auto_reply", "Automatic reply: has left", "warn", then)
    until = str(attributes.get("until") or "")[:10]
    words = f"Automatic reply until {until}" if until else "Automatic reply"
    return Reading("auto_reply", words, "info", f"waits: {waits}" if waits else "stops nothing")
