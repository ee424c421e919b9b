"""Making and changing campaigns: their settings, and the versions of what they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from prospector.campaigns import steps as series_steps
from prospector.campaigns.steps import Step, StepProblem
from prospector.config import Window
from prospector.models import Campaign, CampaignVersion, Message, Recipient, User
from prospector.outreach.window import window_of
from prospector.store import by_id

LONGEST_NAME = 120
COMPANY = ("pause", "stop", "nothing")
"""What an answer of one person does to the series of their colleagues."""


class CampaignError(Exception):
    """Something cannot be done with a campaign; the message says why and what to do."""


class NotFoundError(CampaignError):
    """There is no such campaign."""


class BrokenStepsError(CampaignError):
    """The series has errors, so it cannot be kept; `problems` are all of them."""

    def __init__(self, problems: Sequence[StepProblem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version and who has it: people with drafts of it, approved and sent mails."""

    number: int
    at: datetime
    by: str | None
    note: str
    drafts: int
    approved: int
    sent: int


def create(
    session: Session,
    name: str,
    user_id: int | None,
    now: datetime,
    *,
    steps: Sequence[Step] = (),
    account_ids: Sequence[int] = (),
    search_path: Sequence[Path] = (),
) -> Campaign:
    """A new campaign that sends nothing yet. Raises `CampaignError`."""
    campaign = Campaign(
        name=_free_name(session, name),
        account_ids=list(dict.fromkeys(account_ids)),
        stops={"company": COMPANY[0]},
        created_by=user_id,
        created_at=now,
    )
    session.add(campaign)
    session.flush()
    if steps:
        save_version(session, campaign, steps, {}, "", user_id, now, search_path=search_path)
    return campaign


def configure(session: Session, campaign: Campaign, **settings: Any) -> None:
    """Change settings: name, account_ids, schedule, stops, basis, source, reply_to; those that are
    left out stay. A running campaign takes them at once. Raises `CampaignError`."""
    for key, value in settings.items():
        if key not in _CHECKED:
            raise CampaignError(f"A campaign has no setting {key}.")
        setattr(campaign, key, _CHECKED[key](session, campaign, value))
    session.add(campaign)
    session.flush()


def save_version(
    session: Session,
    campaign: Campaign,
    steps: Sequence[Step],
    fallbacks: Mapping[str, str],
    note: str,
    user_id: int | None,
    now: datetime,
    *,
    search_path: Sequence[Path] = (),
) -> CampaignVersion:
    """Keep a series as the campaign's newest version; the same series again is no new one.

    Who has only drafts moves to it by the next drafting run, who has an approved or sent mail stays.
    Raises `BrokenStepsError` for a text with an error, `CampaignError` for a campaign that is over.
    """
    if campaign.state == "done":
        raise CampaignError(f'"{campaign.name}" is over; make a new campaign.')
    if problems := series_steps.check(steps, search_path):
        raise BrokenStepsError(problems)
    session.get_one(Campaign, campaign.id, with_for_update=True)
    before = newest(session, campaign.id)
    stored, kept = series_steps.as_json(steps), _fallbacks(fallbacks)
    if before is not None and (before.steps, before.fallbacks) == (stored, kept):
        return before
    version = CampaignVersion(
        campaign_id=campaign.id,
        number=before.number + 1 if before is not None else 1,
        steps=stored,
        fallbacks=kept,
        note=note.strip()[:300],
        user_id=user_id,
        created_at=now,
    )
    session.add(version)
    session.flush()
    return version


def find(session: Session, campaign_id: int) -> Campaign:
    """A campaign by its id. Raises `NotFoundError`."""
    campaign = by_id(session, Campaign, campaign_id)
    if campaign is None:
        raise NotFoundError("There is no such campaign. `prospector campaigns` lists them.")
    return campaign


def named(session: Session, name: str) -> Campaign:
    """A campaign by its name or its id. Raises `NotFoundError`."""
    found = session.exec(select(Campaign).where(Campaign.name == name.strip())).first()
    if found is not None:
        return found
    if name.isascii() and name.isdigit():
        return find(session, int(name))
    raise NotFoundError(f'There is no campaign "{name}". `prospector campaigns` lists them.')


def newest(session: Session, campaign_id: int) -> CampaignVersion | None:
    """The version that new drafts are made of; None where nothing is written yet."""
    of_campaign = select(CampaignVersion).where(CampaignVersion.campaign_id == campaign_id)
    return session.exec(of_campaign.order_by(col(CampaignVersion.number).desc())).first()


def versions(session: Session, campaign_id: int) -> list[VersionRow]:
    """All versions, the newest first, and who gets which."""
    found = session.exec(
        select(CampaignVersion, User.name)
        .join(User, col(User.id) == CampaignVersion.user_id, isouter=True)
        .where(CampaignVersion.campaign_id == campaign_id)
        .order_by(col(CampaignVersion.number).desc())
    ).all()
    counted = _people_by_version(session, campaign_id)
    return [
        VersionRow(
            version.number,
            version.created_at,
            name,
            version.note,
            *(counted.get((version.id, state), 0) for state in ("draft", "approved", "sent")),
        )
        for version, name in found
    ]


def _people_by_version(session: Session, campaign_id: int) -> dict[tuple[int, str], int]:
    """By version and state, how many first mails there are: one a person."""
    counted = session.exec(
        select(Recipient.version_id, Message.state, func.count())
        .join(Recipient, col(Recipient.id) == Message.recipient_id)
        .where(Message.campaign_id == campaign_id, Message.step == 1)
        .group_by(col(Recipient.version_id), col(Message.state))
    )
    found: dict[tuple[int, str], int] = {}
    for version_id, state, number in counted:
        known = {"draft": "draft", "approved": "approved", "discarded": ""}.get(state, "sent")
        if version_id is not None and known:
            found[version_id, known] = found.get((version_id, known), 0) + number
    return found


# --- settings -----------------------------------------------------------------------------------


def _free_name(session: Session, name: str, but: int | None = None) -> str:
    plain = " ".join(name.split())
    if not 0 < len(plain) <= LONGEST_NAME:
        raise CampaignError(f"A campaign has a name of 1 to {LONGEST_NAME} characters.")
    taken = session.exec(select(Campaign).where(Campaign.name == plain)).first()
    if taken is not None and taken.id != but:
        raise CampaignError(f'There is a campaign "{plain}" already; choose another name.')
    return plain


def _name(session: Session, campaign: Campaign, value: Any) -> str:
    return _free_name(session, str(value), campaign.id)


def _accounts(session: Session, campaign: Campaign, value: Any) -> list[int]:
    return [int(one) for one in dict.fromkeys(value)]


def _stops(session: Session, campaign: Campaign, value: Any) -> dict[str, Any]:
    kept = {**campaign.stops, **dict(value)}
    if kept.get("company", COMPANY[0]) not in COMPANY:
        raise CampaignError(f"A colleague's answer does one of {', '.join(COMPANY)}.")
    return kept


def _schedule(session: Session, campaign: Campaign, value: Any) -> dict[str, Any]:
    most = value.get("daily_cap")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise CampaignError("A campaign sends at least 1 mail a day; leave its cap empty for no bound.")
    try:
        window_of(Window(), value)
    except ValueError as error:  # pydantic's ValidationError is one
        raise CampaignError(f"These hours make no sense: {error}") from None
    return dict(value)


def _text(session: Session, campaign: Campaign, value: Any) -> str:
    return str(value or "").strip()[:2_000]


def _reply_to(session: Session, campaign: Campaign, value: Any) -> str | None:
    return str(value).strip()[:320] or None if value else None


def _fallbacks(fallbacks: Mapping[str, str]) -> dict[str, str]:
    return {path.removeprefix("prospect."): str(text)[:300] for path, text in fallbacks.items() if text}


_CHECKED = {
    "name": _name,
    "account_ids": _accounts,
    "stops": _stops,
    "schedule": _schedule,
    "basis": _text,
    "source": _text,
    "reply_to": _reply_to,
}
