"""A person reads an answer otherwise than the machine did: what followed is taken back, what follows now
is done, in one transaction, and both are noted, so that it can be taken back in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session, col, select

from prospector.consequences import Consequences
from prospector.models import Card, Engagement, Prospect, Suppression
from prospector.outreach import outbox, pauses, suppression
from prospector.outreach.readings import HUMAN, LABELS, NOT_THEIRS, choices_of
from prospector.queue import day, rank

MOST_NOTES = 20


class NotCorrectedError(Exception):
    """An answer cannot be read like that; the message says why."""


def correct(
    session: Session,
    consequences: Consequences,
    engagement: Engagement,
    to: str,
    by: str,
    user_id: int | None,
    now: datetime,
) -> str:
    """Read an answer as `to`: a kind, or `not_theirs`. What that came to, as a sentence.

    Raises `NotCorrectedError`.
    """
    before = kind_of(engagement)
    if to == before:
        return f"It is read as that already: {LABELS.get(to, to)}."
    _require(engagement, before, to)
    prospect = session.get_one(Prospect, engagement.prospect_id, with_for_update=True)
    _take_back(session, consequences, engagement, prospect, now)
    _rewrite(engagement, before, to, by, user_id, now)
    session.flush()
    consequences.reread(session, engagement, before, now)
    _follow(session, consequences, engagement, prospect, now)
    return _sentence(session, prospect, to)


def answer(session: Session, consequences: Consequences, engagement: Engagement, now: datetime) -> int:
    """The card on which this is to be answered: the person's open one, else a new one; its id.

    Raises `NotCorrectedError` where the person is never written to.
    """
    prospect = session.get_one(Prospect, engagement.prospect_id)
    if (why := suppression.suppressed(session, prospect)) is not None:
        raise NotCorrectedError(f"{prospect.name} is never written to: {why}.")
    if (card := _card(session, prospect.id)) is None and engagement.kind in HUMAN:
        consequences.follow(session, [engagement], (), (), now)
        card = _card(session, prospect.id)
    if card is None:
        # It is too old to make a card by itself; but somebody wants to answer it today.
        detail = f"you want to answer what they wrote on {engagement.at:%-d %b %Y}"
        cause = rank.Cause("follow_up", now, engagement.id, detail)
        card = day.offer(session, prospect, [cause], consequences.standing_of(session, prospect, now), now)
    if card is None:
        raise NotCorrectedError(f"No card can be made for {prospect.name} now; try again in a moment.")
    return card.id


def kind_of(engagement: Engagement) -> str:
    """As what an answer is read now."""
    return NOT_THEIRS if engagement.attributes.get(NOT_THEIRS) else engagement.kind


def _require(engagement: Engagement, before: str, to: str) -> None:
    if engagement.prospect_id is None or engagement.by != "them":
        raise NotCorrectedError("This is not an answer of somebody you know.")
    if engagement.retracted_at is not None and before != NOT_THEIRS:
        raise NotCorrectedError("They have deleted it; there is nothing left to read.")
    notes = engagement.attributes.get("corrections") or []
    original = notes[0]["before"] if notes else before
    choices = choices_of(before, engagement.channel, original)
    if to not in choices:
        raise NotCorrectedError(f'It can be read as {", ".join(choices)}, not as "{to}".')


def _rewrite(
    engagement: Engagement, before: str, to: str, by: str, user_id: int | None, now: datetime
) -> None:
    """The kind it has from now on. What is not theirs counts at no time: as if deleted when it came."""
    note = {"before": before, "to": to, "by": by, "user": user_id, "at": now.isoformat()}
    earlier = list(engagement.attributes.get("corrections") or [])
    notes = [*earlier[:1], *earlier[1:][-MOST_NOTES:], note]
    engagement.attributes = {
        **engagement.attributes,
        "corrections": notes,
        NOT_THEIRS: to == NOT_THEIRS,
    }
    engagement.retracted_at = engagement.at if to == NOT_THEIRS else None
    if to != NOT_THEIRS:
        engagement.kind = to


def _take_back(
    session: Session, consequences: Consequences, engagement: Engagement, prospect: Prospect, now: datetime
) -> None:
    """What followed from the old reading: a suppression, a pause, a cause on the card."""
    ours = select(Suppression).where(Suppression.by == f"engagement:{engagement.key}")
    keys = [f"person:{prospect.id}", f"email:{prospect.email}", f"email:{engagement.actor}"]
    taken = session.exec(ours.where(col(Suppression.key).in_(keys))).all()
    for row in taken:
        session.delete(row)
    if _paused_by(engagement, prospect) and not _doubted_by_others(session, engagement, prospect):
        prospect.paused_until, prospect.paused_why = None, None
    session.flush()
    _stop_again(session, engagement, prospect, [row.key for row in taken])
    _drop_cause(session, consequences, engagement, prospect, now)


def _paused_by(engagement: Engagement, prospect: Prospect) -> bool:
    """Whether the person's pause is what this answer asked for."""
    if prospect.paused_until is None:
        return False
    if engagement.kind in ("unsubscribe", "complaint"):
        return prospect.paused_why == suppression.IN_DOUBT
    if engagement.kind == "auto_reply":
        stated = str(engagement.attributes.get("until") or "")
        breaks = [pauses.absence(one, engagement.at) for one in (stated, "")]
        return any((one.until, one.why) == (prospect.paused_until, prospect.paused_why) for one in breaks)
    soft = pauses.is_soft(engagement) and prospect.paused_until == engagement.at + pauses.SOFT_PAUSE
    return engagement.kind == "bounce" and soft


def _doubted_by_others(session: Session, engagement: Engagement, prospect: Prospect) -> bool:
    """Whether somebody still has to decide about another opt-out in doubt."""
    card = _card(session, prospect.id)
    others = [one for one in card.causes if one.get("engagement_id") != engagement.id] if card else []
    return prospect.paused_why == suppression.IN_DOUBT and any(one["kind"] == "opt_out" for one in others)


def _stop_again(session: Session, engagement: Engagement, prospect: Prospect, keys: Sequence[str]) -> None:
    """Who has asked twice not to be written to is stopped by the other answer, which found its keys
    taken when it came."""
    if not keys:
        return
    others = select(Engagement).where(
        Engagement.prospect_id == prospect.id,
        Engagement.id != engagement.id,
        col(Engagement.kind).in_((*suppression.HARD_STOPS, "auto_reply")),
        col(Engagement.retracted_at).is_(None),
    )
    for one in session.exec(others.order_by(col(Engagement.at), col(Engagement.id))).all():
        notes = one.attributes.get("corrections")
        if one.kind == "unsubscribe" and notes:
            suppression.decide(session, prospect, theirs=True, by=f"engagement:{one.key}", now=one.at)
        else:
            suppression.obey_again(session, one, keys, one.at)
    session.flush()


def _drop_cause(
    session: Session, consequences: Consequences, engagement: Engagement, prospect: Prospect, now: datetime
) -> None:
    """The open card no longer stands for this answer; without another cause it is done with."""
    card = _card(session, prospect.id)
    if card is None:
        return
    left = [one for one in card.causes if one.get("engagement_id") != engagement.id]
    if len(left) == len(card.causes):
        return
    causes = [day.cause_of(stored) for stored in left]
    ranked = rank.rank(causes, consequences.standing_of(session, prospect, now), now)
    if ranked.expired:
        # Not decided as the card asks: an opt-out in doubt would be settled by that.
        card.causes, card.state = [], "dismissed"
        card.decided_at, card.decided_why = now, "the answer was read otherwise"
    else:
        card.causes = [day.cause_json(cause) for cause in ranked.live_causes]
        card.reasons = [asdict(reason) for reason in ranked.reasons]
        card.priority, card.expires_at = ranked.priority, ranked.expires_at
        card.section = ranked.section.name.lower() if ranked.section is not None else ""
    session.flush()


def _follow(
    session: Session, consequences: Consequences, engagement: Engagement, prospect: Prospect, now: datetime
) -> None:
    """What follows from the new reading. Who says that they want no mail is believed: it is a person."""
    if engagement.kind == "unsubscribe" and engagement.retracted_at is None:
        by = f"engagement:{engagement.key}"
        suppression.decide(session, prospect, theirs=True, by=by, now=now)
        outbox.withdraw(session, prospect.id, "they asked us not to write")
        consequences.follow(session, [], [prospect.id], (), now)
        return
    new = [engagement] if engagement.retracted_at is None else []
    consequences.follow(session, new, [prospect.id], (), now)


def _sentence(session: Session, prospect: Prospect, to: str) -> str:
    stopped = suppression.suppressed(session, prospect)
    if to == "unsubscribe":
        return f"{prospect.name} is never written to again."
    if stopped is not None:
        return f"Read as: {LABELS.get(to, to)}. {prospect.name} is still never written to: {stopped}."
    if to in HUMAN:
        return f"Read as: {LABELS[to]}. {prospect.name} is in the queue."
    return f"Read as: {LABELS.get(to, to)}."


def _card(session: Session, prospect_id: int) -> Card | None:
    opened = select(Card).where(Card.prospect_id == prospect_id, col(Card.state).in_(day.OPEN))
    return session.exec(opened).first()
