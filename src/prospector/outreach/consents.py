"""Why we may write to people, as it is stored: each consent with its evidence, and what the law makes of it.

The rows are kept, since the proof is ours to give; what was wrong is ended, never deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from prospector.config import Outreach
from prospector.models import Campaign, Consent, Engagement, Message, Prospect, table_of
from prospector.outreach import law
from prospector.outreach.closing import is_cold
from prospector.outreach.law import Ground, Verdict
from prospector.store import by_id, read_rows

BY_HAND = "a person decides on each mail"
"""What stands for a note on our interest where no campaign writes: somebody looked at the one mail."""
FREE = Verdict(True, "it is no cold mail")
_CONSENT = table_of(Consent)
_OF = (
    _CONSENT.select()
    .where(_CONSENT.c.prospect_id.in_(bindparam("people", expanding=True)))
    .order_by(_CONSENT.c.id)
)


class ConsentError(Exception):
    """This cannot be kept as a consent; the message says what is missing."""


def add(session: Session, prospect: Prospect, ground: Ground, user_id: int | None, now: datetime) -> Consent:
    """Keep a reason why we may write to somebody. Raises `ConsentError`."""
    if (why := law.fault(ground, now.date())) is not None:
        raise ConsentError(f"{why[0].upper()}{why[1:]}.")
    end = law.end_of(ground)
    row = Consent(
        prospect_id=prospect.id,
        kind=ground.kind,
        at=datetime.combine(ground.at, time(), UTC),
        expires_at=datetime.combine(end, time(), UTC) if end is not None else None,
        evidence=ground.evidence.strip(),
        user_id=user_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def end(session: Session, consent_id: int, prospect_id: int, now: datetime) -> None:
    """A consent was noted by mistake: it counts from no day on, and stays for who asks. Raises
    `ConsentError`."""
    row = by_id(session, Consent, consent_id)
    if row is None or row.prospect_id != prospect_id:
        raise ConsentError("There is no such consent.")
    row.expires_at = min(row.at, now) - timedelta(days=1)
    session.add(row)


def of_person(session: Session, prospect_id: int) -> Sequence[Consent]:
    """The consents of a person, in the order in which they were noted."""
    statement = select(Consent).where(Consent.prospect_id == prospect_id).order_by(col(Consent.id))
    return session.exec(statement).all()


def rows(session: Session, prospect_id: int) -> list[dict[str, Any]]:
    """The consents of a person under the names of `prospector person consent --json`."""
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "at": row.at.date().isoformat(),
            "until": row.expires_at.date().isoformat() if row.expires_at is not None else None,
            "taken_back": row.expires_at is not None and row.expires_at < row.at,
            "evidence": row.evidence,
        }
        for row in of_person(session, prospect_id)
    ]


def verdicts(
    session: Session, outreach: Outreach, people: Sequence[Prospect], now: datetime, basis: str = ""
) -> dict[int, Verdict]:
    """By person, whether a cold mail may go to them now; `basis` is the campaign's note on why."""
    known = grounds(session, [person.id for person in people])
    return {
        person.id: law.verdict(
            law.country_of(person.country, person.email),
            known.get(person.id, ()),
            now.date(),
            basis=basis or person.legal_basis or "",
            opt_in=outreach.opt_in_countries,
        )
        for person in people
    }


def verdict_of(
    session: Session, outreach: Outreach, prospect: Prospect, now: datetime, basis: str = ""
) -> Verdict:
    """Whether a cold mail may go to this person now, and why."""
    return verdicts(session, outreach, [prospect], now, basis)[prospect.id]


def of_message(session: Session, outreach: Outreach, message: Message, now: datetime) -> Verdict:
    """Whether the law lets this message go now; what is no cold mail always may."""
    answered = session.get(Engagement, message.engagement_id) if message.engagement_id else None
    if not is_cold(message.action, answered):
        return FREE
    campaign = session.get(Campaign, message.campaign_id) if message.campaign_id else None
    basis = campaign.basis if campaign is not None else BY_HAND
    return verdict_of(session, outreach, session.get_one(Prospect, message.prospect_id), now, basis)


def grounds(session: Session, people: Iterable[int]) -> Mapping[int, list[Ground]]:
    """By person, the consents that are noted."""
    found: dict[int, list[Ground]] = defaultdict(list)
    for row in read_rows(session, _OF, people=sorted(set(people))):
        ended = row.expires_at.date() if row.expires_at is not None else None
        found[row.prospect_id].append(Ground(row.kind, row.at.date(), row.evidence, ended))
    return found
