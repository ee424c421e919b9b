"""Breaks of a mailbox's sending: a circuit breaker begins them, time or a person ends them.

What a server says while a mail is delivered is kept in `account.troubles`; bounces and complaints
are counted from what happened. Reading goes on: an answer must not wait for our password.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from prospector.models import Account, Engagement, Message
from prospector.outreach import breaker
from prospector.outreach.breaker import Counts, Kind, Trip

KEPT = 20
LATELY = timedelta(days=1)
"""How long a refusal counts."""
BREAKS = ("trip", "released")
NEWS = ("bounce", "complaint")
POLICY = "5.7."


def is_held(account: Account, now: datetime) -> bool:
    """Whether the account does not send now."""
    return account.held_why is not None and (account.held_until is None or account.held_until > now)


def locked(session: Session, account_id: int | None) -> Account | None:
    """The account, for us alone: taken before its messages, in the order of the claim."""
    if account_id is None:
        return None
    return session.get(Account, account_id, with_for_update=True, populate_existing=True)


def after_failure(session: Session, account: Account, kind: Kind | None, now: datetime) -> Trip | None:
    """What a failed delivery means for the mailbox."""
    if is_held(account, now):
        return None
    if kind is not None:
        _note(account, kind, now)
    return _judge(session, account, now)


def after_success(account: Account) -> None:
    """A mail went through: refused logins before it no longer count."""
    kept = [one for one in account.troubles if one["kind"] != "login"]
    if len(kept) != len(account.troubles):
        account.troubles = kept


def after_news(session: Session, new: Iterable[Engagement], now: datetime) -> list[str]:
    """What bounces and complaints mean for the mailboxes that they came to: log lines."""
    lines = []
    told: dict[int, list[Engagement]] = {}
    for one in new:
        if one.channel == "email" and one.kind in NEWS and one.account_id is not None:
            told.setdefault(one.account_id, []).append(one)
    for account_id in sorted(told):
        account = locked(session, account_id)
        if account is None or is_held(account, now):
            continue
        for one in told[account_id]:
            if str(one.attributes.get("status", "")).startswith(POLICY) and _is_ours(session, one):
                _note(account, "policy", now)
        if (trip := _judge(session, account, now)) is not None:
            lines.append(f"hold {account.name}: {trip.why}")
    return lines


def release(account: Account, now: datetime) -> None:
    """A person lets it send again: what was counted so far counts no more."""
    account.held_why, account.held_until, account.held_times = None, None, 0
    _note(account, "released", now)


def stop(account: Account, by: str) -> None:
    """A person stops the sending of a mailbox until somebody lets it go on."""
    account.held_why, account.held_until = f"stopped by {by}", None


def counts_of(session: Session, account: Account, now: datetime) -> Counts:
    """What the breaker judges by."""
    since = _since(account)
    kinds = [one["kind"] for one in account.troubles if _at(one) > max(since, now - LATELY)]
    mails = _mails(session, account, since)
    told = _told(session, mails)
    recent = mails[: breaker.RECENT]
    return Counts(
        sent=len(recent),
        bounced=sum("bounce" in told[one.id] or _refused(one) for one in recent),
        reached=len(mails),
        complained=sum("complaint" in told[one.id] for one in mails),
        policy=kinds.count("policy"),
        logins=kinds.count("login"),
        rate=kinds.count("rate"),
    )


def _judge(session: Session, account: Account, now: datetime) -> Trip | None:
    times = breaker.in_a_row(account.held_times, account.held_until, now)
    trip = breaker.judge(counts_of(session, account, now), times)
    if trip is not None:
        account.held_why, account.held_times = trip.why, times + 1
        account.held_until = now + timedelta(hours=trip.hours) if trip.hours is not None else None
        _note(account, "trip", now)
    return trip


def _note(account: Account, kind: str, now: datetime) -> None:
    account.troubles = [*account.troubles, {"kind": kind, "at": now.isoformat()}][-KEPT:]


def _since(account: Account) -> datetime:
    """From when on things count: the end of the last break."""
    breaks = [_at(one) for one in account.troubles if one["kind"] in BREAKS]
    return max(breaks, default=datetime.fromisoformat("1970-01-01T00:00:00+00:00"))


def _at(trouble: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(trouble["at"])


def _mails(session: Session, account: Account, since: datetime) -> Sequence[Message]:
    """The last mails of the account that came to an end, the newest first."""
    statement = (
        select(Message)
        .where(
            Message.account_id == account.id,
            Message.action == "email",
            col(Message.state).in_(("sent", "refused")),
            col(Message.claimed_at) > since,
        )
        .order_by(col(Message.claimed_at).desc())
        .limit(breaker.MANY)
    )
    return session.exec(statement).all()


def _told(session: Session, mails: Sequence[Message]) -> Mapping[int, set[str]]:
    """By mail, whether it bounced for good or was complained of. Only what quotes its Message-ID
    counts, since anybody can write a bounce."""
    found: dict[int, set[str]] = {one.id: set() for one in mails}
    ids = {name: one.id for one in mails for name in (one.message_id, one.uri) if name}
    people = sorted({one.prospect_id for one in mails})
    reports = select(Engagement).where(
        col(Engagement.prospect_id).in_(people),
        col(Engagement.kind).in_(NEWS),
        col(Engagement.retracted_at).is_(None),
    )
    for report in session.exec(reports) if people else ():
        if report.kind == "bounce" and not report.attributes.get("hard"):
            continue
        for quoted in report.attributes.get("refers_to") or ():
            if quoted in ids:
                found[ids[quoted]].add(report.kind)
    return found


def _refused(message: Message) -> bool:
    return message.state == "refused" and breaker.is_hard(message.error or "")


def _is_ours(session: Session, report: Engagement) -> bool:
    quoted = [str(one) for one in report.attributes.get("refers_to") or ()]
    ours = select(Message.id).where(col(Message.message_id).in_(quoted))
    return bool(quoted) and session.exec(ours).first() is not None
