"""Drafts of a campaign: all steps of a person's series at once, page by page, as a run.

A run is the work on everybody who has no draft of the newest version yet. Each page is one short
transaction that also notes how far the run has come, so that a process which dies loses nothing and
whoever goes on begins where it stopped. Who has an approved or sent mail is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, func, or_, select, update

from prospector.campaigns import editing, steps
from prospector.campaigns.editing import CampaignError
from prospector.campaigns.writing import (
    Envelope,
    Series,
    Written,
    closed,
    in_thread,
    row_of,
    series_from,
    write_series,
)
from prospector.models import (
    Campaign,
    CampaignVersion,
    Company,
    Engagement,
    Message,
    Prospect,
    Recipient,
    Run,
    table_of,
)
from prospector.outreach.dossier import facts_of
from prospector.outreach.drafts import Desk
from prospector.store import Store, by_id, insert_new

DRAFTING = "drafting"
PAGE = 250
STOPPED = timedelta(minutes=1)
"""A run that nobody has worked on for so long is gone on with."""
MOST_NAMED = 10_000
"""People whom a run can be given by name, and not as "all that need it"."""
NEWER = "a newer draft took its place"
SAID_YES = ("approved", "sending", "sent", "unknown")
"""States of messages that stay with the mailbox from which they were approved."""
IDLE = ("added", "drafted")
"""States of people of whom nothing is approved yet."""

_RECIPIENT = table_of(Recipient)
_DRAFTED = (
    _RECIPIENT.update()
    .where(_RECIPIENT.c.id == bindparam("recipient"), or_(*(_RECIPIENT.c.state == one for one in IDLE)))
    .values(
        state="drafted",
        version_id=bindparam("version"),
        account_id=bindparam("account"),
        variant=bindparam("arm"),
        why=None,
        at=bindparam("now"),
    )
)


@dataclass(frozen=True)
class Means:
    """What drafting needs and the database does not hold: our accounts, and where snippets lie."""

    desk: Desk
    search_path: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come. `kept` counts the drafts that somebody rewrote and which stayed."""

    run_id: int
    campaign_id: int
    done: int
    of: int
    kept: int
    state: str

    @property
    def over(self) -> bool:
        return self.state != "drafting"


@dataclass(frozen=True, slots=True)
class Redrafted:
    """What drafting some people came to: people with new drafts, and drafts kept as they were."""

    people: int = 0
    kept: int = 0


# --- runs ---------------------------------------------------------------------------------------


def start(
    store: Store,
    campaign_id: int,
    user_id: int | None,
    now: datetime,
    recipient_ids: Sequence[int] | None = None,
) -> int:
    """Note a run that drafts everybody who needs it, or these people; its number.

    Raises `CampaignError`.
    """
    return store.write(lambda session: begin(session, campaign_id, user_id, now, recipient_ids))


def begin(
    session: Session,
    campaign_id: int,
    user_id: int | None,
    now: datetime,
    recipient_ids: Sequence[int] | None = None,
) -> int:
    """The same within a transaction. A run of this campaign that is under way is stopped: it would
    write what the new one replaces."""
    campaign = editing.find(session, campaign_id)
    version = editing.newest(session, campaign_id)
    if version is None:
        raise CampaignError(f'"{campaign.name}" has no text yet; write its first mail.')
    if recipient_ids is not None and len(recipient_ids) > MOST_NAMED:
        raise CampaignError(f"Choose at most {MOST_NAMED:,} people, or all.")
    for earlier in unfinished(session, campaign_id):
        earlier.note(state="replaced")
    todo = _wanting(campaign_id, version.id, recipient_ids)
    count, last = session.exec(select(func.count(), func.max(Recipient.id)).where(*todo)).one()
    detail = {
        "campaign": campaign_id,
        "version": version.id,
        "recipients": sorted(set(recipient_ids)) if recipient_ids is not None else None,
        "after": 0,
        "upto": last or 0,
        "of": count,
        "done": 0,
        "kept": 0,
        "state": "drafting" if count else "done",
        "worked_at": now.isoformat(),
    }
    run = Run(kind=DRAFTING, at=now, user_id=user_id, detail=detail)
    session.add(run)
    session.flush()
    return run.id


def carry_out(store: Store, means: Means, run_id: int, now: Callable[[], datetime]) -> int:
    """Do what is left of a run; how many people that were."""
    whole = 0
    while done := store.write(lambda session: do_page(session, means, run_id, now())):
        whole += done
    return whole


def do_page(session: Session, means: Means, run_id: int, now: datetime) -> int:
    """Draft the next people of a run; how many it looked at, 0 at the end."""
    run = session.get_one(Run, run_id, with_for_update=True, populate_existing=True)
    detail = run.detail
    if detail["state"] != "drafting":
        return 0
    text = series_of(session, means, detail["campaign"], detail["version"])
    todo = _wanting(text.campaign.id, text.version.id, detail["recipients"])
    page = session.exec(
        select(Recipient)
        .where(*todo, col(Recipient.id) > detail["after"], col(Recipient.id) <= detail["upto"])
        .order_by(col(Recipient.id))
        .limit(PAGE)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    made = _draft(session, means, text, page, now)
    run.note(
        after=page[-1].id if page else detail["upto"],
        done=detail["done"] + len(page),
        kept=detail["kept"] + made.kept,
        state="drafting" if len(page) == PAGE else "done",
        worked_at=now.isoformat(),
    )
    return len(page)


def cancel(session: Session, run_id: int) -> None:
    """Stop a run; who has drafts keeps them."""
    run = find(session, run_id)
    session.refresh(run, with_for_update=True)
    if run.detail["state"] == "drafting":
        run.note(state="cancelled")


def progress(session: Session, run_id: int) -> Progress:
    """How far a run has come. Raises `CampaignError`."""
    run = find(session, run_id)
    detail = run.detail
    return Progress(run.id, detail["campaign"], detail["done"], detail["of"], detail["kept"], detail["state"])


def find(session: Session, run_id: int) -> Run:
    run = by_id(session, Run, run_id)
    if run is None or run.kind != DRAFTING:
        raise CampaignError(f"There is no drafting run {run_id}.")
    return run


def latest(session: Session, campaign_id: int) -> Progress | None:
    """The newest drafting run of a campaign."""
    newest = select(Run).where(Run.kind == DRAFTING).order_by(col(Run.id).desc()).limit(200)
    found = (run for run in session.exec(newest) if run.detail["campaign"] == campaign_id)
    run = next(found, None)
    return progress(session, run.id) if run is not None else None


def unfinished(session: Session, campaign_id: int | None = None) -> list[Run]:
    """The runs that have not come to their end, of one campaign or of all."""
    newest = select(Run).where(Run.kind == DRAFTING).order_by(col(Run.id).desc()).limit(200)
    return [
        run
        for run in session.exec(newest)
        if run.detail["state"] == "drafting" and campaign_id in (None, run.detail["campaign"])
    ]


def abandoned(session: Session, now: datetime) -> list[int]:
    """The runs on which nobody has worked for a while: their process is gone."""
    return [
        run.id
        for run in unfinished(session)
        if now - datetime.fromisoformat(run.detail["worked_at"]) > STOPPED
    ]


def redraft(
    session: Session, means: Means, campaign_id: int, recipient_ids: Sequence[int], now: datetime
) -> Redrafted:
    """Draft these people anew at once, with the newest version and the facts of now: after a fill or a
    fallback. Nobody of whom something is approved is touched. Raises `CampaignError`."""
    version = editing.newest(session, campaign_id)
    if version is None:
        raise CampaignError("The campaign has no text yet; write its first mail.")
    text = series_of(session, means, campaign_id, version.id)
    wanted = sorted(set(recipient_ids))
    whole = Redrafted()
    for at in range(0, len(wanted), PAGE):
        there = col(Recipient.id).in_(wanted[at : at + PAGE]), Recipient.campaign_id == campaign_id
        page = session.exec(select(Recipient).where(*there, col(Recipient.state).in_(IDLE)).with_for_update())
        made = _draft(session, means, text, page.all(), now)
        whole = Redrafted(whole.people + made.people, whole.kept + made.kept)
    return whole


def assign_mailboxes(session: Session, desk: Desk, campaign: Campaign) -> None:
    """Who was drafted before the campaign had a mailbox, or from one that it has no more, and has nothing
    approved, gets one now, and their drafts with the footer that belongs to it."""
    ours = campaign.account_ids
    astray = col(Recipient.account_id).is_(None) | col(Recipient.account_id).not_in(ours)
    theirs = col(Message.recipient_id) == Recipient.id
    settled = select(Message.id).where(theirs, col(Message.state).in_(SAID_YES)).exists()
    waiting = select(Recipient).where(
        Recipient.campaign_id == campaign.id, col(Recipient.state).in_(IDLE), astray, ~settled
    )
    found = session.exec(waiting.order_by(col(Recipient.id))).all()
    for at in range(0, len(found), PAGE):
        page = found[at : at + PAGE]
        for recipient in page:
            recipient.account_id = steps.mailbox_of(campaign.id, recipient.prospect_id, ours)
        _move_drafts(session, desk, campaign, {one.id: one.account_id for one in page})


def renew_footers(session: Session, desk: Desk, campaign: Campaign) -> list[int]:
    """Put what belongs below each text now, by the sender, the source and the mailbox, below those that
    have not left; the approved ones among them that were read with another footer."""
    changed: list[int] = []
    after = 0
    unsaid = (
        select(Message, Prospect)
        .join(Prospect, col(Prospect.id) == Message.prospect_id)
        .where(Message.campaign_id == campaign.id, col(Message.state).in_(("draft", "approved")))
        .order_by(col(Message.id))
        .limit(PAGE)
    )
    while page := session.exec(unsaid.where(col(Message.id) > after)).all():
        after = page[-1][0].id
        written_to = _written_to(session, sorted({person.id for _, person in page}))
        for message, person in page:
            whole = Envelope(desk, campaign, person, message.account_id, person.id not in written_to)
            before = message.footer
            _close(message, whole)
            if message.footer != before and message.state == "approved":
                changed.append(message.id)
        session.flush()
        session.expire_all()
    return changed


def _close(message: Message, envelope: Envelope) -> None:
    language = str(message.facts.get("language", "en"))
    message.footer = closed(envelope, language, message.step or 1, message.token).footer


def _move_drafts(
    session: Session, desk: Desk, campaign: Campaign, mailboxes: Mapping[int, int | None]
) -> None:
    statement = (
        select(Message, Prospect)
        .join(Prospect, col(Prospect.id) == Message.prospect_id)
        .where(col(Message.recipient_id).in_(list(mailboxes)), Message.state == "draft")
    )
    drafts = session.exec(statement).all()
    written_to = _written_to(session, sorted({person.id for _, person in drafts}))
    for draft, person in drafts:
        mailbox = mailboxes[draft.recipient_id or 0]
        draft.account_id = mailbox
        _close(draft, Envelope(desk, campaign, person, mailbox, person.id not in written_to))
    session.flush()


# --- a page -------------------------------------------------------------------------------------


def series_of(session: Session, means: Means, campaign_id: int, version_id: int) -> Series:
    """A version of a campaign, ready to be rendered."""
    version = session.get_one(CampaignVersion, version_id)
    return series_from(session.get_one(Campaign, campaign_id), version, means.search_path)


def _draft(
    session: Session, means: Means, text: Series, page: Sequence[Recipient], now: datetime
) -> Redrafted:
    people = _people(session, [one.prospect_id for one in page])
    kept = _rewritten(session, [one.id for one in page], len(text.steps))
    said = _perhaps_said(session, [one.id for one in page])
    written_to = _written_to(session, list(people))
    rows: list[dict[str, Any]] = []
    drafted: list[dict[str, Any]] = []
    for recipient in page:
        prospect = people[recipient.prospect_id]
        mailbox = _mailbox(text.campaign, recipient)
        facts = facts_of(session, prospect, None, means.desk.sender, means.desk.timezone)
        stays = kept.get(recipient.id, {})
        written = write_series(text, prospect, facts, _longest(means.desk, mailbox), stays.get(1))
        whole = Envelope(means.desk, text.campaign, prospect, mailbox, prospect.id not in written_to)
        for mail in written:
            if mail.number not in stays and (recipient.id, mail.number) not in said:
                rows.append(row_of(whole, mail, recipient.id, now))
        arm = steps.arm_of_series(text.campaign.id, prospect.id, text.steps)
        drafted.append({"recipient": recipient.id, "account": mailbox, "arm": arm})
    _discard_earlier(session, [one.id for one in page], kept)
    insert_new(session, Message, rows)
    rewritten = {one["recipient"]: one["account"] for one in drafted if one["recipient"] in kept}
    if rewritten:
        _move_drafts(session, means.desk, text.campaign, rewritten)
    if drafted:
        common = {"version": text.version.id, "now": now}
        session.flush()
        session.connection().execute(_DRAFTED, [{**one, **common} for one in drafted])
    return Redrafted(len(drafted), sum(len(theirs) for theirs in kept.values()))


def _people(session: Session, ids: Sequence[int]) -> Mapping[int, Prospect]:
    """These people, with their companies read beside them: `facts_of` then finds them at hand."""
    found = {one.id: one for one in session.exec(select(Prospect).where(col(Prospect.id).in_(ids)))}
    companies = {one.company_id for one in found.values() if one.company_id is not None}
    session.exec(select(Company).where(col(Company.id).in_(companies))).all()
    return found


def _written_to(session: Session, ids: Sequence[int]) -> frozenset[int]:
    """Who of these has had a mail of ours before."""
    ours = select(Engagement.prospect_id).where(
        col(Engagement.prospect_id).in_(ids), Engagement.by == "us", Engagement.kind == "email"
    )
    return frozenset(id_ for id_ in session.exec(ours.distinct()) if id_ is not None)


def _perhaps_said(session: Session, recipient_ids: Sequence[int]) -> frozenset[tuple[int, int]]:
    """The steps, by person, of which a mail may have left, also where somebody has left that in doubt."""
    marked = select(Message.recipient_id, Message.step).where(
        col(Message.recipient_id).in_(recipient_ids), col(Message.data_at).is_not(None)
    )
    return frozenset((id_ or 0, step or 0) for id_, step in session.exec(marked))


def _rewritten(session: Session, recipient_ids: Sequence[int], steps: int) -> dict[int, dict[int, str]]:
    """By person, the steps whose draft somebody has rewritten, with the subject: these stay, as far as
    the series has so many."""
    drafts = select(Message.recipient_id, Message.step, Message.subject, Message.facts).where(
        col(Message.recipient_id).in_(recipient_ids), Message.state == "draft", col(Message.step) <= steps
    )
    found: dict[int, dict[int, str]] = {}
    for recipient_id, step, subject, facts in session.exec(drafts):
        if facts.get("rewritten"):
            found.setdefault(recipient_id or 0, {})[step or 0] = subject
    return found


def _discard_earlier(
    session: Session, recipient_ids: Sequence[int], kept: Mapping[int, Mapping[int, str]]
) -> None:
    stays = [
        (col(Message.recipient_id) == id_) & col(Message.step).in_(list(steps)) for id_, steps in kept.items()
    ]
    old = update(Message).where(col(Message.recipient_id).in_(recipient_ids), col(Message.state) == "draft")
    if stays:
        old = old.where(~or_(*stays))
    values = old.values(state="discarded", error=NEWER)
    session.exec(values.execution_options(synchronize_session=False))


def _mailbox(campaign: Campaign, recipient: Recipient) -> int | None:
    """The mailbox that a person has had, while it is one of the campaign's, else the one for them."""
    if recipient.account_id in campaign.account_ids:
        return recipient.account_id
    return steps.mailbox_of(campaign.id, recipient.prospect_id, campaign.account_ids)


def _longest(desk: Desk, account_id: int | None) -> int | None:
    account = desk.account(account_id)
    return account.connector.can.longest if account is not None else None


def _wanting(campaign_id: int, version_id: int, named: Sequence[int] | None) -> list[Any]:
    """Who of a campaign is to be drafted: of those with nothing approved the named ones, else all
    who have no draft of this version."""
    chosen = col(Recipient.campaign_id) == campaign_id
    if named is not None:
        return [chosen, col(Recipient.id).in_(named), col(Recipient.state).in_(IDLE)]
    older = col(Recipient.version_id).is_(None) | (col(Recipient.version_id) != version_id)
    return [chosen, (col(Recipient.state) == "added") | ((col(Recipient.state) == "drafted") & older)]


__all__ = [
    "Means",
    "Progress",
    "Redrafted",
    "Series",
    "Written",
    "abandoned",
    "assign_mailboxes",
    "begin",
    "cancel",
    "carry_out",
    "do_page",
    "find",
    "in_thread",
    "latest",
    "progress",
    "redraft",
    "series_of",
    "start",
    "unfinished",
    "write_series",
]
