"""When not to write for a while: they are away, their mailbox keeps refusing, or an opt-out is in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from prospector.models import Engagement, Prospect
from prospector.outreach import suppression

AWAY, LONGEST = timedelta(days=7), timedelta(days=400)
UNDECIDED = datetime(2999, 1, 1, tzinfo=UTC)
"""The end of a break that lasts until a person has decided."""
SOFT, SOFT_WITHIN, SOFT_PAUSE = 3, timedelta(days=14), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Break:
    """Until when nothing is sent to a person, and why."""

    until: datetime
    why: str

    @property
    def end(self) -> str:
        return "somebody has decided" if self.until == UNDECIDED else f"{self.until:%Y-%m-%d}"


def absence(returns: str, at: datetime) -> Break:
    """Out of office: until the day after the day of return (an ISO date), else for a week.

    A date that is past, absurd or none counts as none: anybody can write what they like there.
    """
    try:
        day = date.fromisoformat(returns[:10])
        back = datetime.combine(day, time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return Break(at + AWAY, "out of office")
    if not at < back <= at + LONGEST:
        return Break(at + AWAY, "out of office")
    return Break(back, f"out of office until {day.isoformat()}")


def is_soft(engagement: Engagement) -> bool:
    """A bounce that may pass: neither a wrong address nor a refusal by policy (5.7.x, RFC 3463)."""
    status = str(engagement.attributes.get("status") or "")
    return (
        engagement.kind == "bounce"
        and not engagement.attributes.get("hard")
        and not status.startswith("5.7.")
    )


def keep(session: Session, engagement: Engagement) -> Break | None:
    """Pause a person as an engagement asks for; the break, or None where it asks for none."""
    found = _asked(session, engagement)
    if found is None or engagement.prospect_id is None:
        return None
    prospect = session.get_one(Prospect, engagement.prospect_id)
    if prospect.paused_until is not None and prospect.paused_until >= found.until:
        return None
    prospect.paused_until, prospect.paused_why = found.until, found.why
    session.flush()
    return found


def _asked(session: Session, engagement: Engagement) -> Break | None:
    if engagement.by != "them" or engagement.prospect_id is None:
        return None
    doubt = suppression.suspected(session, engagement)
    if doubt == suppression.IN_DOUBT:
        return Break(UNDECIDED, doubt)
    if engagement.kind == "auto_reply" and (doubt or not suppression.has_left(engagement)):
        # A forged absence must not keep somebody else's mail back for a year.
        believed = suppression.believable(session, engagement)
        returns = engagement.attributes.get("until") if believed else None
        return absence(str(returns or ""), engagement.at)
    if is_soft(engagement) and suppression.believable(session, engagement):
        recent = _soft_since(session, engagement.prospect_id, engagement.at - SOFT_WITHIN, engagement.at)
        if recent >= SOFT:
            return Break(engagement.at + SOFT_PAUSE, f"{recent} mails bounced within 14 days")
    return None


def _soft_since(session: Session, prospect_id: int, since: datetime, until: datetime) -> int:
    bounces = select(Engagement).where(
        Engagement.prospect_id == prospect_id,
        Engagement.kind == "bounce",
        col(Engagement.at) > since,
        col(Engagement.at) <= until,
    )
    return sum(is_soft(one) and suppression.believable(session, one) for one in session.exec(bounces))
