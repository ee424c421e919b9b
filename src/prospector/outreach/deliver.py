"""Deliver one approved message: claim, act with no transaction open, settle what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from prospector.engagements import Entry, log
from prospector.models import Account, Engagement, Message, Profile, Prospect
from prospector.outreach import drafts, outbox
from prospector.outreach.outbox import Claim, Limits
from prospector.runtime import Runtime
from prospector.sdk import (
    ConnectorError,
    Gone,
    Identity,
    Intent,
    Later,
    NotSent,
    Receipt,
    Refused,
    Seen,
    Unauthorised,
)

BACKOFF = timedelta(minutes=2)
SEARCH_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of one message: its state now, and why."""

    message_id: int
    state: str
    label: str
    why: str = ""
    lines: tuple[str, ...] = ()


async def deliver(runtime: Runtime, message_id: int) -> Delivered | None:
    """Send one message if it may go now; None where it may not, or somebody else has it."""
    store = runtime.installation.store
    taken = await store.write_async(lambda session: _claim(session, runtime, message_id))
    if taken is None:
        return None
    claim, intent, account_id = taken

    async def mark() -> bool:
        now = runtime.now()
        marked = await store.write_async(lambda session: outbox.mark_data(session, claim, now))
        marks.append(marked)
        return marked

    marks: list[bool] = []
    context = runtime.context(account_id, mark)
    label = f"{intent.action} to {intent.to.handle or intent.to.remote_id}"
    try:
        receipt = await runtime.connector(account_id).act(context, intent)
    except Exception as error:
        failure = error
        return await store.write_async(
            lambda session: _failed(session, runtime, claim, failure, any(marks), label, account_id)
        )
    return await store.write_async(lambda session: _sent(session, runtime, claim, receipt, label))


async def reconcile(runtime: Runtime, message_id: int) -> Delivered:
    """Look for an unknown message on the platform: proof that it was sent, or that it was not."""
    store = runtime.installation.store
    intent, account_id = await store.read_async(lambda session: _intent(session, runtime, message_id))
    connector = runtime.connector(account_id)
    label = f"{intent.action} to {intent.to.handle or intent.to.remote_id}"
    try:
        receipt = await connector.find(runtime.context(account_id), intent)
    except ConnectorError as error:
        return Delivered(message_id, "unknown", label, f"could not be looked for: {error}")
    now = runtime.now()
    if receipt is not None:
        claim = Claim(message_id, now)
        return await store.write_async(lambda session: _sent(session, runtime, claim, receipt, label))
    if not connector.can.find_is_proof:
        return Delivered(message_id, "unknown", label, "not found, which proves nothing here")
    return await store.write_async(lambda session: _not_found(session, message_id, label, now))


def settle_by_hand(session: Session, runtime: Runtime, message: Message) -> None:
    """A person says that they did it. Raises `NotPossibleError`."""
    if message.state != "approved" or not message.by_hand:
        raise outbox.NotPossibleError(f"Message {message.id} is not one that waits to be done by hand.")
    now = runtime.now()
    uri = message.message_id or f"hand:{message.id}"
    outbox.note_by_hand(session, message, uri, now)
    new = log(session, [_act_of_ours(session, runtime, message, Receipt(uri), now)])
    runtime.consequences.follow(session, new, [], (), now)


def _claim(session: Session, runtime: Runtime, message_id: int) -> tuple[Claim, Intent, int] | None:
    message = session.get_one(Message, message_id)
    outreach = runtime.installation.settings.file.outreach
    if message.account_id not in runtime.installation.account_ids.values():
        return None
    table = runtime.installation.account(message.account_id or 0).table
    is_mail = message.action == "email"
    cap = table.daily_cap if table.daily_cap is not None else outreach.daily_cap if is_mail else None
    now = runtime.now()
    if drafts.is_stale(session, message, runtime.installation.settings.file.sender):
        return None
    claim = outbox.claim(session, message_id, Limits(cap, outreach.gap if is_mail else timedelta()), now)
    if claim is None:
        return None
    return claim, *_intent(session, runtime, message_id)


def _intent(session: Session, runtime: Runtime, message_id: int) -> tuple[Intent, int]:
    message = session.get_one(Message, message_id, populate_existing=True)
    prospect = session.get_one(Prospect, message.prospect_id)
    engagement = session.get(Engagement, message.engagement_id) if message.engagement_id else None
    intent = Intent(
        message_id=message.message_id or "",
        action=message.action,  # type: ignore[arg-type]
        to=_recipient(session, message, prospect),
        approved_at=message.approved_at or runtime.now(),
        body=message.body,
        subject=message.subject,
        on=engagement.object if engagement and message.action != "email" else None,
        attributes=_thread(session, message, engagement),
    )
    return intent, message.account_id or 0


def _recipient(session: Session, message: Message, prospect: Prospect) -> Identity:
    if message.profile_id is None:
        address = prospect.email or ""
        return Identity("email", address, address, f"mailto:{address}", prospect.name)
    profile = session.get_one(Profile, message.profile_id)
    return Identity(profile.platform, profile.remote_id or "", profile.handle, profile.url, profile.name)


def _thread(session: Session, message: Message, engagement: Engagement | None) -> dict[str, object]:
    """What the act answers: the engagement's own attributes, or for mail the thread so far."""
    if message.action != "email":
        return dict(engagement.attributes) | {"object": engagement.object} if engagement else {}
    if engagement is not None and engagement.channel == "email":
        earlier = list(engagement.attributes.get("references") or ())
        return {"in_reply_to": engagement.object, "references": [*earlier, engagement.object]}
    last = session.exec(
        select(Message.message_id)
        .where(Message.prospect_id == message.prospect_id, Message.action == "email")
        .where(Message.state == "sent", Message.subject == message.subject.removeprefix("Re: "))
        .order_by(Message.sent_at.desc())  # type: ignore[union-attr]
    ).first()
    return {"in_reply_to": last, "references": [last]} if last and message.subject.startswith("Re: ") else {}


def _sent(session: Session, runtime: Runtime, claim: Claim, receipt: Receipt, label: str) -> Delivered:
    """Accepted: settle it, log our act as an engagement, and let the rules see it."""
    now = runtime.now()
    if not outbox.settle_sent(session, claim, reply=receipt.reply, uri=receipt.uri, now=now):
        return Delivered(claim.message_id, "lost", label, "another process settled it")
    message = session.get_one(Message, claim.message_id, populate_existing=True)
    new = log(session, [_act_of_ours(session, runtime, message, receipt, now)])
    lines = runtime.consequences.follow(session, new, [], {message.prospect_id}, now)
    return Delivered(claim.message_id, "sent", label, receipt.reply, tuple(lines))


def _act_of_ours(
    session: Session, runtime: Runtime, message: Message, receipt: Receipt, now: datetime
) -> Entry:
    engagement = session.get(Engagement, message.engagement_id) if message.engagement_id else None
    account = session.get(Account, message.account_id) if message.account_id else None
    profile = session.get(Profile, message.profile_id) if message.profile_id else None
    seen = Seen(
        kind=message.action,
        actor=(account.remote_id if account else None) or f"account:{message.account_id}",
        object=receipt.uri,
        at=now,
        by="us",
        post=engagement.post if engagement else None,
        url=receipt.url,
        text=message.body,
        attributes={"subject": message.subject, "message": message.id} if message.subject else {},
    )
    channel = profile.platform if profile else "email"
    return Entry(channel, seen, now, message.prospect_id, None, message.account_id, message.approved_by)


def _failed(
    session: Session,
    runtime: Runtime,
    claim: Claim,
    error: Exception,
    said: bool,
    label: str,
    account_id: int,
) -> Delivered:
    """Surely not accepted goes back, a refusal ends it, and whatever else came after the second
    mark is unknown: only the platform's own word proves that nothing was accepted."""
    now, why = runtime.now(), str(error) or type(error).__name__
    message = session.get_one(Message, claim.message_id)
    if isinstance(error, Refused | Gone):
        outbox.settle_refused(session, claim, why)
        runtime.consequences.trouble(session, message, "failed", now)
        return Delivered(claim.message_id, "refused", label, why)
    if isinstance(error, Unauthorised):
        account = session.get_one(Account, account_id)
        account.paused_why, account.paused_until = why, None
    if isinstance(error, NotSent | Unauthorised) or not said:
        wait = timedelta(seconds=error.seconds) if isinstance(error, Later) else BACKOFF * 2**message.tries
        outbox.settle_unsaid(session, claim, why, now + wait)
        return Delivered(claim.message_id, "approved", label, f"will be tried again: {why}")
    outbox.settle_unknown(session, claim, why)
    runtime.consequences.trouble(session, message, "uncertain", now)
    return Delivered(claim.message_id, "unknown", label, why)


def _not_found(session: Session, message_id: int, label: str, now: datetime) -> Delivered:
    """Not there in two searches a quarter of an hour apart: it was surely not sent."""
    message = session.get_one(Message, message_id)
    first = message.facts.get("not_found_at")
    if first is None:
        message.facts = {**message.facts, "not_found_at": now.isoformat()}
        return Delivered(message_id, "unknown", label, "not found; it is looked for once more")
    if now - datetime.fromisoformat(first) < SEARCH_AGAIN:
        return Delivered(message_id, "unknown", label, "not found; it is looked for once more")
    outbox.prove_unsent(session, message_id, now)
    return Delivered(message_id, "approved", label, "surely not sent; approved again")
