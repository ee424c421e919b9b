"""Who is in a campaign: who may come in, who does not and why, and who is left out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select, update

from prospector.campaigns import endings
from prospector.campaigns.editing import CampaignError
from prospector.config import Outreach
from prospector.models import Campaign, ImportRow, Message, Profile, Prospect, Recipient, Suppression
from prospector.outreach import consents, suppression, wording
from prospector.outreach.states import ABOUT_TO
from prospector.prospects import matching
from prospector.prospects.scope import EVERYBODY, Scope
from prospector.prospects.search import parse
from prospector.store import insert_new

PAGE = 500
MOST = 100_000
"""People of one campaign, at most."""
STATES = ("added", "drafted", "active", "stopped", "skipped", "done")


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding people: how many are new, how many were there, who may not come in and who
    came in with a doubt, each by id with the reason."""

    added: int = 0
    already: int = 0
    refused: tuple[tuple[int, str], ...] = ()
    warned: tuple[tuple[int, str], ...] = ()

    def __add__(self, other: Added) -> Added:
        return Added(
            self.added + other.added,
            self.already + other.already,
            self.refused + other.refused,
            self.warned + other.warned,
        )


def add(
    session: Session,
    campaign: Campaign,
    prospect_ids: Sequence[int],
    run_id: int | None,
    now: datetime,
    *,
    outreach: Outreach | None = None,
) -> Added:
    """Put people into a campaign, each once; whoever was in it before, in whatever state, stays as
    they are. `run_id` is the import that brought them, `outreach` says in which countries the law asks
    for consent beforehand. Raises `CampaignError` for a campaign that is over, or too many people."""
    if campaign.state == "done":
        raise CampaignError(f'"{campaign.name}" is over; make a new campaign.')
    wanted = list(dict.fromkeys(prospect_ids))
    if len(wanted) + sum(counts(session, campaign.id).values()) > MOST:
        raise CampaignError(f"A campaign has at most {MOST:,} people; make another one for the rest.")
    whole = Added()
    for page in _pages(wanted):
        whole += _add_page(session, campaign, page, run_id, now, outreach or Outreach())
    return whole


def from_query(
    session: Session, text: str, stages: Sequence[str], now: datetime, scope: Scope = EVERYBODY
) -> list[int]:
    """The ids of all whom a search of the people's list means. Raises `SearchError`."""
    found = matching.matching(session, parse(text), scope, None, stages, now)
    return matching.every(session, found, MOST)


def from_run(session: Session, run_id: int) -> list[int]:
    """The people of an import: whom it added, changed, or found to be known already."""
    rows = select(ImportRow.prospect_id).where(
        ImportRow.run_id == run_id,
        col(ImportRow.prospect_id).is_not(None),
        col(ImportRow.undone_at).is_(None),
        col(ImportRow.plan).in_(("add", "change", "same")),
    )
    return [
        id_ for id_ in dict.fromkeys(session.exec(rows.order_by(col(ImportRow.number)))) if id_ is not None
    ]


def skip(session: Session, recipient_ids: Sequence[int], why: str, now: datetime) -> int:
    """Leave people out: what has not left is taken back. How many were still about to be written to."""
    reason = f"skipped: {why.strip()[:200]}" if why.strip() else "skipped"
    skipped = 0
    for page in _pages(recipient_ids):
        there = col(Recipient.id).in_(page), col(Recipient.state).in_(ABOUT_TO)
        ids = list(session.exec(select(Recipient.id).where(*there).with_for_update()))
        _set(session, ids, "skipped", reason, now)
        unsaid = col(Message.recipient_id).in_(ids), col(Message.state).in_(("draft", "approved"))
        taken = update(Message).where(*unsaid).values(state="discarded", error=reason)
        session.exec(taken.execution_options(synchronize_session=False))
        skipped += len(ids)
    return skipped


def unskip(session: Session, recipient_ids: Sequence[int], now: datetime) -> int:
    """Take people in again who were skipped: they wait for drafts, but for those who have answered or
    said no meanwhile. How many wait."""
    taken = 0
    for page in _pages(recipient_ids):
        there = col(Recipient.id).in_(page), col(Recipient.state) == "skipped"
        found = session.exec(select(Recipient).where(*there).with_for_update()).all()
        ended = {one.id: why for one in found if (why := endings.ended_by(session, one)) is not None}
        for id_, why in ended.items():
            _set(session, [id_], "stopped", why, now)
        waiting = [one.id for one in found if one.id not in ended]
        _set(session, waiting, "added", None, now)
        taken += len(waiting)
    return taken


def counts(session: Session, campaign_id: int) -> Mapping[str, int]:
    """How many people of a campaign are in which state; every state is named."""
    counted = session.exec(
        select(Recipient.state, func.count())
        .where(Recipient.campaign_id == campaign_id)
        .group_by(col(Recipient.state))
    )
    return {**dict.fromkeys(STATES, 0), **dict(counted.all())}


def _add_page(
    session: Session,
    campaign: Campaign,
    ids: Sequence[int],
    run_id: int | None,
    now: datetime,
    outreach: Outreach,
) -> Added:
    people = {one.id: one for one in session.exec(select(Prospect).where(col(Prospect.id).in_(ids)))}
    there = set(
        session.exec(
            select(Recipient.prospect_id).where(
                Recipient.campaign_id == campaign.id, col(Recipient.prospect_id).in_(ids)
            )
        )
    )
    doubted = {id_: why for id_, one in people.items() if (why := _doubt(one)) is not None}
    stopped = {**_unlawful(session, outreach, list(people.values()), now), **_stopped(session, people)}
    if outreach.role_addresses == "refuse":
        stopped = doubted | stopped
    refused = [(id_, why) for id_ in ids if id_ not in there and (why := _refusal(people.get(id_), stopped))]
    out = there | {id_ for id_, _ in refused}
    rows = [
        {
            "campaign_id": campaign.id,
            "prospect_id": id_,
            "variant": "",
            "state": "added",
            "at": now,
            "run_id": run_id,
        }
        for id_ in ids
        if id_ not in out
    ]
    new = insert_new(session, Recipient, rows, ("prospect_id",))
    warned = [(id_, doubted[id_]) for (id_,) in sorted(new) if id_ in doubted]
    return Added(len(new), len(ids) - len(new) - len(refused), tuple(refused), tuple(warned))


def _refusal(person: Prospect | None, stopped: Mapping[int, str]) -> str | None:
    """Why a person may not come into any campaign, or None."""
    if person is None:
        return "there is no such person"
    if person.merged_into_id is not None:
        return f"entered twice; they are person {person.merged_into_id}"
    if person.archived_at is not None:
        return "archived; bring them back first"
    if person.email is None:
        return "there is no e-mail address"
    return stopped.get(person.id)


def _doubt(person: Prospect) -> str | None:
    """What should be looked at before a person is written to."""
    mailbox = (person.email or "").partition("@")[0].casefold()
    if mailbox in wording.ROLES:
        return f"{person.email} is the address of a role, not of a person"
    return None


def _stopped(session: Session, people: Mapping[int, Prospect]) -> dict[int, str]:
    """Who of these is never written to, and why: one read for all of them."""
    keys: dict[str, list[int]] = {}
    for person in people.values():
        for key in suppression.keys_of_person(person.id, person.email):
            keys.setdefault(key, []).append(person.id)
    identities = session.exec(
        select(Profile.prospect_id, Profile.platform, Profile.remote_id).where(
            col(Profile.prospect_id).in_(list(people)), col(Profile.remote_id).is_not(None)
        )
    )
    for prospect_id, platform, remote_id in identities:
        keys.setdefault(f"{platform}:{remote_id}", []).append(prospect_id)
    found = session.exec(select(Suppression).where(col(Suppression.key).in_(list(keys))))
    return {id_: f"never written to: {row.why}" for row in found for id_ in keys[row.key]}


def _unlawful(
    session: Session, outreach: Outreach, people: Sequence[Prospect], now: datetime
) -> dict[int, str]:
    """To whom the law lets no cold mail go; the campaign's own basis is the gate's affair."""
    found = consents.verdicts(session, outreach, people, now, basis="of the campaign")
    return {id_: verdict.why for id_, verdict in found.items() if not verdict.ok}


def _set(session: Session, ids: Sequence[int], state: str, why: str | None, now: datetime) -> None:
    changed = update(Recipient).where(col(Recipient.id).in_(ids)).values(state=state, why=why, at=now)
    session.exec(changed.execution_options(synchronize_session=False))


def _pages(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + PAGE] for at in range(0, len(ids), PAGE))
