"""A person's rights: all that is stored about them, and its erasure for good (GDPR, Art. 15 and 17).

What stays after an erasure is one key for each address and profile, so that nobody imports the person
again: an HMAC under the workspace's key where there is one, else the plain key, which the answer says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_
from sqlmodel import Session, SQLModel, col, select, update

from prospector.models import (
    Card,
    Company,
    Consent,
    Dismissal,
    Edit,
    Effect,
    Engagement,
    ImportRow,
    Message,
    Move,
    Poll,
    Profile,
    Prospect,
    Recipient,
    Run,
    Suppression,
    User,
    table_of,
)
from prospector.prospects import disclosure, mentions, people
from prospector.prospects.people import TakenError
from prospector.sdk import ProfileRef
from prospector.store import insert_new

ERASED = "erased on request"
_HASHED = "erased:"
_OF_PERSON: tuple[tuple[str, type[SQLModel]], ...] = (
    ("profiles", Profile),
    ("consents", Consent),
    ("recipients", Recipient),
    ("imports", ImportRow),
    ("engagements", Engagement),
    ("moves", Move),
    ("cards", Card),
    ("messages", Message),
    ("effects", Effect),
    ("edits", Edit),
)


class ErasureError(Exception):
    """The person cannot be erased now; the message says when."""


class ErasedError(TakenError):
    """Somebody asked to be forgotten, and must not be stored again."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: rows by table. `keys` is how many keys stay, `sealed` whether they are unreadable."""

    name: str
    rows: dict[str, int]
    keys: int
    sealed: bool

    @property
    def sentence(self) -> str:
        gone = ", ".join(f"{number} {table}" for table, number in self.rows.items() if number)
        how = "as hashes" if self.sealed else "in plain text, since the workspace has no key file"
        kept = f"{self.keys} key{'' if self.keys == 1 else 's'} kept {how}" if self.keys else "no key to keep"
        return f"Erased ({gone or 'no rows'}); {kept}, so that nobody imports them again."


def export(session: Session, prospect: Prospect, now: datetime) -> dict[str, Any]:
    """Everything that is stored about a person, in plain values for JSON; nothing of other people."""
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    rows_of_one = family(session, people.living(session, prospect))
    ids = [one.id for one in rows_of_one]
    profiles = session.exec(select(Profile).where(col(Profile.prospect_id).in_(ids))).all()
    looks = select(Poll).where(col(Poll.profile_id).in_([one.id for one in profiles])).order_by(col(Poll.id))
    keys = [
        *(key for one in rows_of_one for key in plain_keys(one, profiles)),
        *(f"person:{id_}" for id_ in ids),
    ]
    return {
        "exported_at": now,
        "prospect": rows_of_one[0].model_dump(),
        "company": company.model_dump(include={"id", "name", "domain"}) if company is not None else None,
        "fields": disclosure.fields(
            rows_of_one[0].model_dump(), company.name if company is not None else None, _told(session, ids)
        ),
        "merged": [one.model_dump() for one in rows_of_one[1:]],
        **{name: _rows(session, model, ids) for name, model in _OF_PERSON},
        "looks": [row.model_dump() for row in session.exec(looks)],
        "suppressions": [
            row.model_dump()
            for row in session.exec(select(Suppression).where(col(Suppression.key).in_(keys)))
        ],
    }


def _told(session: Session, prospect_ids: Sequence[int]) -> list[tuple[str, datetime, str]]:
    """What the history says was set of their fields: which, when, by whom."""
    changes = (
        select(Engagement.attributes, Engagement.at, User.name)
        .join(User, col(User.id) == col(Engagement.user_id), isouter=True)
        .where(col(Engagement.prospect_id).in_(prospect_ids), Engagement.kind == "field_set")
        .order_by(col(Engagement.at), col(Engagement.id))
    )
    return [(str(one.get("field")), at, f"set by {by or 'us'}") for one, at, by in session.exec(changes)]


def _rows(session: Session, model: type[SQLModel], prospect_ids: Sequence[int]) -> list[dict[str, Any]]:
    table = table_of(model)
    key = table.c.prospect_id if "id" not in table.c else table.c.id
    rows = session.execute(table.select().where(table.c.prospect_id.in_(prospect_ids)).order_by(key))
    return [dict(row) for row in rows.mappings()]


def plain_keys(prospect: Prospect, profiles: Iterable[Profile]) -> list[str]:
    """What somebody is known by, without the number of their row."""
    keys = [f"email:{prospect.email}"] if prospect.email else []
    for profile in profiles:
        keys.append(_place(profile.platform, profile.url))
        if profile.remote_id:
            keys.append(f"{profile.platform}:{profile.remote_id}")
    return list(dict.fromkeys(keys))


def _place(platform: str, url: str) -> str:
    return f"profile:{platform}:{url}"


def hashed(key: str, secret: bytes) -> str:
    """A key that tells nobody whose it was: HMAC-SHA-256 (RFC 2104) under the workspace's secret."""
    return _HASHED + hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()


def refuse_erased(
    session: Session, refs: Sequence[ProfileRef], email: str | None, secret: bytes | None
) -> None:
    """Raises `ErasedError` where any of these belongs to somebody who asked to be forgotten."""
    found = erased_among(session, keys_of(refs, email), secret)
    if found:
        raise ErasedError(
            f"This person asked to be forgotten on {min(found.values()):%-d %b %Y}; they stay out."
        )


def keys_of(refs: Sequence[ProfileRef], email: str | None) -> list[str]:
    """The keys under which somebody with these profiles and this address would be barred."""
    return [_place(ref.platform, ref.url) for ref in refs] + ([f"email:{email}"] if email else [])


def erased_among(session: Session, keys: Sequence[str], secret: bytes | None) -> dict[str, datetime]:
    """Which of these keys belong to somebody who asked to be forgotten, and since when."""
    if not keys:
        return {}
    sealed = {hashed(key, secret): key for key in keys} if secret is not None else {}
    found = select(Suppression).where(
        or_(
            col(Suppression.key).in_(list(sealed)),
            col(Suppression.key).in_(keys) & (col(Suppression.why) == ERASED),
        )
    )
    return {sealed.get(row.key, row.key): row.at for row in session.exec(found)}


def erase(session: Session, prospect: Prospect, secret: bytes | None, by: str, now: datetime) -> Erased:
    """Delete everything about a person but the keys that keep them out. Raises `ErasureError`.

    It is the caller's to have asked twice: there is no way back.
    """
    rows_of_one = family(session, people.living(session, prospect))
    ids = [one.id for one in rows_of_one]
    leaving = select(Message.id).where(col(Message.prospect_id).in_(ids), Message.state == "sending")
    if session.exec(leaving).first() is not None:
        raise ErasureError("A message to them is leaving this very moment. Try again in a minute.")
    profiles = session.exec(select(Profile).where(col(Profile.prospect_id).in_(ids))).all()
    keys = list(dict.fromkeys(key for one in rows_of_one for key in plain_keys(one, profiles)))
    name, companies = prospect.name, {one.company_id for one in rows_of_one}
    words = mentions.needles(rows_of_one, profiles)
    _forget_suppressions(session, [*keys, *(f"person:{id_}" for id_ in ids)])
    actors = [(profile.platform, profile.remote_id) for profile in profiles if profile.remote_id]
    actors += [("email", one.email) for one in rows_of_one if one.email]
    rows: Counter[str] = Counter()
    named = mentions.forget(session, ids, words)
    profile_ids = {id_: [one.id for one in profiles if one.prospect_id == id_] for id_ in ids}
    for id_ in reversed(ids):
        rows.update(_delete_rows(session, id_, profile_ids[id_], actors))
    rows.update(named)
    rows["companies"] = sum(mentions.forget_company(session, company_id) for company_id in companies)
    kept = [hashed(key, secret) if secret is not None else key for key in keys]
    barred = [{"key": key, "why": ERASED, "at": now, "by": by} for key in kept]
    insert_new(session, Suppression, barred, returning=("key",))
    session.expunge_all()
    return Erased(name, dict(rows), len(kept), secret is not None)


def family(session: Session, prospect: Prospect) -> list[Prospect]:
    """The row that somebody lives on as, and every one that was merged into it."""
    found, at = [prospect], [prospect.id]
    while at:
        merged = session.exec(select(Prospect).where(col(Prospect.merged_into_id).in_(at))).all()
        at = [one.id for one in merged]
        found += merged
    return found


def _forget_suppressions(session: Session, keys: Sequence[str]) -> None:
    session.execute(delete(Suppression).where(col(Suppression.key).in_(keys)))


def _delete_rows(
    session: Session, prospect_id: int, profile_ids: Sequence[int], actors: Sequence[tuple[str, str | None]]
) -> dict[str, int]:
    """In the order that foreign keys allow; how many rows went from each table."""
    theirs = select(Engagement.id).where(Engagement.prospect_id == prospect_id)
    unlinked = update(Message).where(col(Message.engagement_id).in_(theirs)).values(engagement_id=None)
    session.exec(unlinked.execution_options(synchronize_session=False))
    decisions = _decisions(session, prospect_id)
    rows: dict[str, int] = {}
    for name, model in reversed(_OF_PERSON):
        if model is Profile:
            _unlink_profiles(session, profile_ids)
        gone = delete(model).where(table_of(model).c.prospect_id == prospect_id)
        rows[name] = session.execute(gone.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
    for channel, actor in actors:
        stranger = col(Engagement.channel) == channel, col(Engagement.actor) == actor
        session.execute(delete(Engagement).where(col(Engagement.prospect_id).is_(None), *stranger))
        session.execute(
            delete(Dismissal).where(col(Dismissal.channel) == channel, col(Dismissal.actor) == actor)
        )
    session.execute(delete(Prospect).where(col(Prospect.id) == prospect_id))
    session.execute(delete(Run).where(col(Run.id).in_(decisions)))
    return dict(reversed(rows.items()))


def _decisions(session: Session, prospect_id: int) -> list[int]:
    """The runs of the decisions about their cards, each of which names the one before it: they hold
    the words in which one of us said why."""
    newest = select(Card.run_id).where(Card.prospect_id == prospect_id, col(Card.run_id).is_not(None))
    found: list[int] = []
    some = list(session.exec(newest))
    while some:
        found += [id_ for id_ in some if id_ is not None]
        details = session.exec(select(Run.detail).where(col(Run.id).in_(some)))
        some = [detail["card"]["run_id"] for detail in details if detail.get("card", {}).get("run_id")]
    return found


def _unlink_profiles(session: Session, profile_ids: Sequence[int]) -> None:
    """Looks go with their profile; what others' rows say of it is taken out of them."""
    session.execute(delete(Poll).where(col(Poll.profile_id).in_(profile_ids)))
    for model in (Engagement, Message):
        table = table_of(model)
        session.execute(table.update().where(table.c.profile_id.in_(profile_ids)).values(profile_id=None))
