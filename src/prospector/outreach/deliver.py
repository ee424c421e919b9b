"""Deliver one approved message: claim, act with no transaction open, settle what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from prospector.consequences import Consequences
from prospector.engagements import log
from prospector.models import Account, Campaign, Engagement, Message, Profile, Prospect, Recipient
from prospector.outreach import acts, breaker, doubt, fresh, holds, ledger, one_click, outbox, waiting
from prospector.outreach.domains import domain_of
from prospector.outreach.letter import text_of
from prospector.outreach.outbox import Claim
from prospector.outreach.proof import proof_of
from prospector.outreach.waiting import Waits
from prospector.queue import by_hand
from prospector.runtime import Runtime
from prospector.sdk import (
    Gone,
    Identity,
    Intent,
    Later,
    NotSent,
    Receipt,
    Refused,
    Unauthorised,
)

BACKOFF = timedelta(minutes=2)
LATER = timedelta(hours=1)


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
    if taken is None or isinstance(taken, Delivered):
        return taken
    claim, intent, account_id = taken

    async def mark() -> bool:
        now = runtime.now()
        marked = await store.write_async(lambda session: outbox.mark_data(session, claim, now))
        marks.append(marked)
        return marked

    marks: list[bool] = []
    context = runtime.context(account_id, mark)
    try:
        receipt = await runtime.connector(account_id).act(context, intent)
    except Exception as error:
        failure = error
        return await store.write_async(
            lambda session: _failed(session, runtime, claim, intent, failure, any(marks))
        )
    return await store.write_async(lambda session: _sent(session, runtime, claim, receipt, intent))


async def reconcile(runtime: Runtime, message_id: int) -> Delivered:
    """Look for an unknown message on the platform: proof that it was sent, or that it was not."""
    store = runtime.installation.store
    intent, account_id = await store.read_async(lambda session: _intent(session, runtime, message_id))
    if account_id not in runtime.installation.account_ids.values():
        return Delivered(message_id, "unknown", label_of(intent), "its account has left config.toml")
    connector = runtime.connector(account_id)
    proof = proof_of(runtime.installation.account(account_id))
    if not proof.found:
        return await store.write_async(
            lambda session: _look_again(session, runtime, message_id, intent, proof.why)
        )
    try:
        receipt = await connector.find(runtime.context(account_id), intent)
    except Exception as error:  # a connector's own mistake, too, must not have it looked for for ever
        why = f"could not be looked for: {str(error) or type(error).__name__}"
        return await store.write_async(lambda session: _look_again(session, runtime, message_id, intent, why))
    if receipt is not None:
        claim = Claim(message_id, runtime.now())
        return await store.write_async(lambda session: _sent(session, runtime, claim, receipt, intent))
    if not proof.absent:
        why = f"not found, which proves nothing here: {proof.why}"
        return await store.write_async(lambda session: _look_again(session, runtime, message_id, intent, why))
    return await store.write_async(lambda session: _not_found(session, runtime, message_id, intent))


def recover(
    session: Session, consequences: Consequences, claimed_before: datetime, now: datetime
) -> tuple[int, int]:
    """Settle what a dead process left in `sending`, and ask a person about what is in doubt: how
    many go out again, and how many are in doubt."""
    unsaid, doubtful = doubt.recover(session, claimed_before)
    for message_id in doubtful:
        message = session.get_one(Message, message_id, populate_existing=True)
        consequences.trouble(session, message, "uncertain", now)
    return len(unsaid), len(doubtful)


def settle_by_hand(session: Session, runtime: Runtime, message: Message) -> None:
    """A person says that they did it. Raises `NotPossibleError`."""
    by_hand.settle(session, runtime.consequences, message, message.approved_by, runtime.now())


def _claim(
    session: Session, runtime: Runtime, message_id: int
) -> tuple[Claim, Intent, int] | Delivered | None:
    """Take the message, unless something holds it back: then put it where it blocks nobody."""
    message = session.get_one(Message, message_id)
    if message.state != "approved":
        return None
    now, installation = runtime.now(), runtime.installation
    waits = waiting.of(session, installation.settings, runtime.consequences.desk, message, now)
    if waits is not None:
        return _put_aside(session, runtime, message, waits, now)
    claim = outbox.claim(session, message_id, runtime.limits[message.account_id or 0], now)
    return (claim, *_intent(session, runtime, message_id)) if claim is not None else None


def _put_aside(
    session: Session, runtime: Runtime, message: Message, waits: Waits, now: datetime
) -> Delivered | None:
    if waits.code == "suppressed" or _is_out(session, message):
        outbox.discard(session, message, waits.why)
        return Delivered(message.id, "discarded", f"{message.action} {message.id}", waits.why)
    if waits.code in ("window", "series", "law"):
        outbox.put_off(session, message.id, waits.until or now + LATER)
    if (others := _alike(session, runtime, message, waits, now)) is not None:
        outbox.put_off_all(session, *others)
    if waits.code == "stale":
        told = message.error == waits.why
        outbox.put_off(session, message.id, now + LATER, waits.why)
        if not told:
            session.refresh(message)
            runtime.consequences.trouble(session, message, "stale", now)
    return None


def _is_out(session: Session, message: Message) -> bool:
    """Whether the series of a message has ended, while it was on its way and came back unsaid."""
    recipient = session.get(Recipient, message.recipient_id) if message.recipient_id is not None else None
    return recipient is not None and recipient.state in ("stopped", "skipped")


def _alike(
    session: Session, runtime: Runtime, message: Message, waits: Waits, now: datetime
) -> tuple[list[ColumnElement[bool]], datetime] | None:
    """The messages that wait for the same reason, and until when: put off together, since one by one
    a thousand of them would stand in the way of the rest for hours."""
    limits, until = runtime.limits[message.account_id or 0], waits.until or now + LATER
    match waits.code:
        case "domain":
            return ledger.to_domain(domain_of(message.address), limits.mailboxes), until
        case "sending":
            return [col(Message.account_id).in_(limits.kin)], until
        case "campaign-cap":
            return [col(Message.campaign_id) == message.campaign_id], until
        case "inbox":
            fresh.look_now(session, message.account_id or 0, now)
            return fresh.follow_ups(message.account_id or 0), now + fresh.PATIENCE
    return None


def _intent(session: Session, runtime: Runtime, message_id: int) -> tuple[Intent, int]:
    message = session.get_one(Message, message_id, populate_existing=True)
    prospect = session.get_one(Prospect, message.prospect_id)
    engagement = session.get(Engagement, message.engagement_id) if message.engagement_id else None
    intent = Intent(
        message_id=message.message_id or "",
        action=message.action,  # type: ignore[arg-type]
        to=_recipient(session, message, prospect),
        approved_at=message.approved_at or runtime.now(),
        body=text_of(message.body, message.footer),
        subject=message.subject,
        on=engagement.object if engagement and message.action != "email" else None,
        attributes={**_thread(message, engagement), **_ways_back(session, runtime, message)},
    )
    return intent, message.account_id or 0


def _recipient(session: Session, message: Message, prospect: Prospect) -> Identity:
    if message.profile_id is None:
        address = message.address or prospect.email or ""
        return Identity("email", address, address, f"mailto:{address}", prospect.name)
    profile = session.get_one(Profile, message.profile_id)
    return Identity(profile.platform, profile.remote_id or "", profile.handle, profile.url, profile.name)


def _thread(message: Message, engagement: Engagement | None) -> dict[str, object]:
    """What the act answers: the engagement's own attributes, or for mail the thread so far."""
    if message.action == "email":
        return acts.thread(engagement)
    return dict(engagement.attributes) | {"object": engagement.object} if engagement else {}


def _ways_back(session: Session, runtime: Runtime, message: Message) -> dict[str, object]:
    """The headers of a mail by which they answer us or unsubscribe; only those that there are."""
    if message.action != "email":
        return {}
    campaign = session.get(Campaign, message.campaign_id) if message.campaign_id is not None else None
    desk = runtime.consequences.desk
    headers: dict[str, object] = {}
    if campaign is not None and campaign.reply_to:
        headers["reply_to"] = campaign.reply_to
    if message.token is not None:
        mailbox = desk.mailbox(message.account_id)
        headers["list_unsubscribe"] = one_click.header(message.token, desk.outreach.public_url, mailbox)
    return {name: value for name, value in headers.items() if value}


def label_of(intent: Intent) -> str:
    """An act in few words, for the log."""
    return f"{intent.action} to {intent.to.handle or intent.to.remote_id}"


def _sent(session: Session, runtime: Runtime, claim: Claim, receipt: Receipt, intent: Intent) -> Delivered:
    """Accepted: settle it, log our act as an engagement, and let the rules see it."""
    now, label = runtime.now(), label_of(intent)
    account = holds.locked(session, session.get_one(Message, claim.message_id).account_id)
    if not outbox.settle_sent(session, claim, reply=receipt.reply, uri=receipt.uri, now=now):
        return Delivered(claim.message_id, "lost", label, "another process settled it")
    message = session.get_one(Message, claim.message_id, populate_existing=True)
    if account is not None and message.action == "email":
        holds.after_success(account)
        # Answers quote the id that the mail went out with, which some servers give it anew.
        message.message_id = receipt.uri or message.message_id
    new = log(session, [acts.entry_of(session, message, now, receipt.url)])
    lines = runtime.consequences.follow(session, new, [], {message.prospect_id}, now)
    return Delivered(claim.message_id, "sent", label, receipt.reply, tuple(lines))


def _failed(
    session: Session, runtime: Runtime, claim: Claim, intent: Intent, error: Exception, said: bool
) -> Delivered:
    """Surely not accepted goes back, a refusal ends it, and whatever else came after the second
    mark is unknown: only the platform's own word proves that nothing was accepted."""
    now, why, label = runtime.now(), str(error) or type(error).__name__, label_of(intent)
    account = holds.locked(session, session.get_one(Message, claim.message_id).account_id)
    state = _settle_failure(session, claim, error, said, why, now)
    if state is None:
        return Delivered(claim.message_id, "lost", label, "another process settled it")
    lines = _hold(session, account, intent, error, why, now) if account is not None else ()
    if state == "approved":
        return Delivered(claim.message_id, state, label, f"will be tried again: {why}", lines)
    message = session.get_one(Message, claim.message_id, populate_existing=True)
    kind = "uncertain" if state == "unknown" else "failed"
    runtime.consequences.trouble(session, message, kind, now)
    return Delivered(claim.message_id, state, label, why, lines)


def _hold(
    session: Session, account: Account, intent: Intent, error: Exception, why: str, now: datetime
) -> tuple[str, ...]:
    """What a failure means for the account: a mailbox has a circuit breaker for its sending, and of
    other accounts a refusal stops everything until somebody renews the access."""
    refused = isinstance(error, Unauthorised)
    if intent.action != "email":
        if refused:
            account.paused_why, account.paused_until = why, None
        return ()
    trip = holds.after_failure(session, account, breaker.kind_of(why, unauthorised=refused), now)
    return (f"hold {account.name}: {trip.why}",) if trip is not None else ()


def _settle_failure(
    session: Session, claim: Claim, error: Exception, said: bool, why: str, now: datetime
) -> str | None:
    if isinstance(error, Refused | Gone):
        return "refused" if outbox.settle_refused(session, claim, why) else None
    if isinstance(error, NotSent | Unauthorised) or not said:
        tries = session.get_one(Message, claim.message_id).tries
        wait = timedelta(seconds=error.seconds) if isinstance(error, Later) else BACKOFF * 2**tries
        # A refused login says nothing of the message, which must not be given up for it.
        most = None if isinstance(error, Unauthorised) else outbox.TRIES
        return outbox.settle_unsaid(session, claim, why, now + wait, most)
    return "unknown" if outbox.settle_unknown(session, claim, why) else None


def _look_again(session: Session, runtime: Runtime, message_id: int, intent: Intent, why: str) -> Delivered:
    message, now = session.get_one(Message, message_id), runtime.now()
    again_at = doubt.look_again(message.claimed_at or now, now)
    outbox.change(session, message_id, ("unknown",), send_at=again_at)
    return Delivered(message_id, "unknown", label_of(intent), why)


def _not_found(session: Session, runtime: Runtime, message_id: int, intent: Intent) -> Delivered:
    """Not there in two searches a quarter of an hour apart: it was surely not sent."""
    message, now = session.get_one(Message, message_id), runtime.now()
    first = datetime.fromisoformat(message.facts.get("not_found_at", now.isoformat()))
    if message.claimed_at is not None and first < message.claimed_at:
        first = now  # that search was for an earlier try, and says nothing of this one
    message.facts = {**message.facts, "not_found_at": first.isoformat()}
    if now - first < doubt.SOON:
        return _look_again(session, runtime, message_id, intent, "not found; it is looked for once more")
    doubt.prove_unsent(session, message_id, now)
    return Delivered(message_id, "approved", label_of(intent), "surely not sent; approved again")
