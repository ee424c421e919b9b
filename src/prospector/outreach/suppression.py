"""Never write to them: one table, checked in the very UPDATE that claims a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import sql
from sqlmodel import Session, col, select

from prospector.models import Engagement, Message, Profile, Prospect, Suppression, table_of
from prospector.outreach import one_click
from prospector.store import insert_new, read_rows

# What stops all writing at once, whatever the rules say (rules.md, S16).
HARD_STOPS: Mapping[str, str] = {
    "unsubscribe": "they asked us not to write",
    "complaint": "they reported our mail as spam",
    "bounce": "the address does not exist",
}
LEFT = "they have left the company"
# What a mail that nobody vouches for makes likely: a person has to look.
IN_DOUBT = "a mail in their name asks us not to write, and nothing proves that it is theirs"
LEFT_PERHAPS = "a mail in their name says that they have left the company"
OF_THE_ADDRESS = frozenset({"bounce", "auto_reply"})

_PROFILE, _SUPPRESSION = table_of(Profile), table_of(Suppression)
_IDENTITIES = sql.select(*_PROFILE.c["platform", "remote_id"]).where(
    _PROFILE.c.prospect_id == sql.bindparam("prospect")
)
_WHY = sql.select(_SUPPRESSION.c.why).where(_SUPPRESSION.c.key.in_(sql.bindparam("keys", expanding=True)))


class UnknownFormError(Exception):
    """What was given is neither an address nor a domain; the message says what is."""


def key_of(text: str) -> str:
    """The key of an address (`a@b.example`) or a domain (`b.example`). Raises `UnknownFormError`."""
    plain = text.strip().lower().removeprefix("mailto:")
    if "@" in plain.lstrip("@"):
        return f"email:{plain}"
    domain = plain.lstrip("@")
    if "." in domain and " " not in domain and "/" not in domain:
        return f"domain:{domain}"
    raise UnknownFormError(f'"{text}" is neither an e-mail address nor a domain such as example.com.')


def keys_of(prospect: Prospect, profiles: Iterable[Profile]) -> list[str]:
    """All keys under which a person may be suppressed."""
    keys = keys_of_person(prospect.id, prospect.email)
    for profile in profiles:
        if profile.remote_id:
            keys.append(f"{profile.platform}:{profile.remote_id}")
        if profile.remote_id and profile.platform == "email":
            keys.append(f"domain:{profile.remote_id.rpartition('@')[2]}")
    return keys


def keys_of_person(prospect_id: int, email: str | None) -> list[str]:
    """Those of the keys that stand with the person, apart from their profiles."""
    own = [f"email:{email}", f"domain:{email.rpartition('@')[2]}"] if email else []
    return [f"person:{prospect_id}", *own]


def suppressed(session: Session, prospect: Prospect) -> str | None:
    """Why this person is never written to, or None."""
    keys = keys_of(prospect, read_rows(session, _IDENTITIES, prospect=prospect.id))
    found = read_rows(session, _WHY, keys=keys)
    return str(found[0].why) if found else None


def suppress(session: Session, keys: Iterable[str], why: str, by: str, now: datetime) -> int:
    """Add keys; how many are new. Nothing takes one away but a person's own hand."""
    rows = [{"key": key, "why": why, "at": now, "by": by} for key in dict.fromkeys(keys)]
    return len(insert_new(session, Suppression, rows, returning=("key",))) if rows else 0


def obey(session: Session, engagement: Engagement, now: datetime) -> str | None:
    """Act on an engagement that forbids writing; why, or None where it does not.

    A bounce counts only when it is hard. Mail stops a person only when it is `believable`, so that
    nobody can stop somebody else's mail; of the rest `suspected` tells what a person should see.
    """
    stop = _stop(session, engagement)
    if stop is None:
        return None
    prospect, why = stop
    suppress(session, _keys_to_stop(prospect, engagement), why, f"engagement:{engagement.key}", now)
    return why


def obey_again(session: Session, engagement: Engagement, keys: Iterable[str], now: datetime) -> None:
    """Act on an engagement once more, for those of its keys that another one had taken before."""
    if (stop := _stop(session, engagement)) is not None:
        prospect, why = stop
        again = [key for key in _keys_to_stop(prospect, engagement) if key in set(keys)]
        suppress(session, again, why, f"engagement:{engagement.key}", now)


def _stop(session: Session, engagement: Engagement) -> tuple[Prospect, str] | None:
    """Whom an engagement forbids to write to, and why."""
    why = HARD_STOPS.get(engagement.kind)
    if why is None and not has_left(engagement):
        return None
    prospect = session.get(Prospect, engagement.prospect_id) if engagement.prospect_id is not None else None
    if has_left(engagement) and prospect is not None and engagement.actor == prospect.email:
        why = LEFT
    if why is None or engagement.by != "them" or prospect is None:
        return None
    if engagement.kind == "bounce" and not engagement.attributes.get("hard"):
        return None
    if engagement.channel == "email" and not believable(session, engagement):
        return None
    return prospect, why


def suspected(session: Session, engagement: Engagement) -> str | None:
    """What a mail that anybody may have written makes likely: that they want no more mail, or have
    left; None where it says neither, or was obeyed already."""
    if engagement.by != "them" or engagement.channel != "email" or engagement.prospect_id is None:
        return None
    why = IN_DOUBT if engagement.kind in ("unsubscribe", "complaint") else None
    why = LEFT_PERHAPS if has_left(engagement) else why
    return why if why is not None and not believable(session, engagement) else None


def decide(session: Session, prospect: Prospect, *, theirs: bool, by: str, now: datetime) -> None:
    """What a person found out about an opt-out in doubt: it was theirs, or writing goes on."""
    if prospect.paused_why == IN_DOUBT:
        prospect.paused_until, prospect.paused_why = None, None
    if theirs:
        keys = [f"person:{prospect.id}", *([f"email:{prospect.email}"] if prospect.email else [])]
        suppress(session, keys, HARD_STOPS["unsubscribe"], by, now)


def _keys_to_stop(prospect: Prospect, engagement: Engagement) -> list[str]:
    """Who asks not to be written to stops both the person and the address that they wrote from.
    Reports name a recipient of their own choice, so of them only the address we wrote to counts."""
    keys = [] if engagement.kind in OF_THE_ADDRESS else [f"person:{prospect.id}"]
    if prospect.email:
        keys.append(f"email:{prospect.email}")
    if engagement.kind == "unsubscribe" and engagement.channel == "email":
        keys.append(f"email:{engagement.actor}")
    return keys


def has_left(engagement: Engagement) -> bool:
    """Whether an automatic reply says that the person is gone for good."""
    return engagement.kind == "auto_reply" and bool(engagement.attributes.get("left"))


def believable(session: Session, engagement: Engagement) -> bool:
    """Whether a mail about a person is surely no forgery: it quotes a Message-ID of ours to them, or
    the token that only a mail of ours to them had, or, but for bounces and complaints, comes from
    their own address and our server found the sender's domain authentic (DMARC)."""
    quoted = engagement.attributes.get("refers_to") or []
    ours = select(Message.id).where(
        Message.prospect_id == engagement.prospect_id, col(Message.message_id).in_(list(quoted))
    )
    if quoted and session.exec(ours).first() is not None:
        return True
    if has_token(session, engagement):
        return True
    if engagement.kind in ("bounce", "complaint"):
        return False
    person = session.get_one(Prospect, engagement.prospect_id)
    return bool(engagement.attributes.get("dmarc")) and engagement.actor == person.email


def has_token(session: Session, engagement: Engagement) -> bool:
    """Whether an unsubscription brings the token of a mail of ours to this very person."""
    token = str(engagement.attributes.get("token") or "")
    if engagement.kind != "unsubscribe" or not one_click.is_token(token):
        return False
    ours = select(Message.id).where(Message.prospect_id == engagement.prospect_id, Message.token == token)
    return session.exec(ours).first() is not None


def lift(session: Session, keys: Iterable[str]) -> int:
    """Take suppressions away, by a person's own decision; how many there were."""
    found = session.exec(select(Suppression).where(col(Suppression.key).in_(list(keys)))).all()
    for row in found:
        session.delete(row)
    return len(found)
