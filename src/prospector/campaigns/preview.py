"""What one person would get of a series that is being written: each mail in pieces, with its footer.

It is rendered by the code that drafts it, so that what is shown is what would be drafted; only the
link of one click is an example, since each mail has its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from prospector.campaigns import drafting
from prospector.campaigns import steps as series_steps
from prospector.campaigns.drafting import Means, Series, Written
from prospector.campaigns.steps import Step
from prospector.models import Campaign, CampaignVersion, Prospect
from prospector.outreach import footer as footers
from prospector.outreach import render
from prospector.outreach.closing import source_of
from prospector.outreach.dossier import facts_of
from prospector.outreach.drafts import last_mail
from prospector.outreach.facts import Facts
from prospector.outreach.letter import text_of
from prospector.outreach.pieces import Piece
from prospector.outreach.problem import Problem

EXAMPLE = "an-example-of-a-link"
"""Stands where each mail has a token of its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One mail of the series as this person would get it; `text` is what would be sent."""

    step: int
    wait: int
    variant: str
    language: str
    subject: str
    subject_pieces: tuple[Piece, ...]
    body_pieces: tuple[Piece, ...]
    footer: str
    text: str
    problems: tuple[Problem, ...]


def preview(
    session: Session,
    means: Means,
    campaign: Campaign,
    steps: Sequence[Step],
    fallbacks: Mapping[str, str],
    prospect: Prospect,
    now: datetime,
) -> list[Shown]:
    """The whole series for one person, in the arm and the language that they would get.

    The steps must have been checked: a text that is no template raises `TemplateError`.
    """
    version = CampaignVersion(
        campaign_id=campaign.id,
        number=0,
        steps=series_steps.as_json(steps),
        fallbacks=dict(fallbacks),
        created_at=now,
    )
    series = Series(campaign, version, tuple(steps), means.search_path)
    facts = facts_of(session, prospect, None, means.desk.sender, means.desk.timezone)
    account_id = series_steps.mailbox_of(campaign.id, prospect.id, campaign.account_ids)
    account = means.desk.account(account_id)
    longest = account.connector.can.longest if account is not None else None
    first = last_mail(session, prospect.id) is None
    written = drafting.write_series(series, prospect, facts, longest)
    closings = [
        _footer(means, campaign, prospect, account_id, one.language, first and one.number == 1)
        for one in written
    ]
    subject = written[0].draft.subject
    return [
        _shown(series, facts if one.number == 1 else drafting.in_thread(facts, subject), one, closing)
        for one, closing in zip(written, closings, strict=True)
    ]


def _shown(series: Series, facts: Facts, one: Written, closing: str) -> Shown:
    template = series.template(one.number, one.variant, one.language)
    fallbacks = series.version.fallbacks
    return Shown(
        one.number,
        series.steps[one.number - 1].wait,
        one.variant,
        one.language,
        one.draft.subject,
        tuple(render.pieces(template, facts, fallbacks, where="subject")),
        tuple(render.pieces(template, facts, fallbacks)),
        closing,
        text_of(one.draft.body, closing),
        one.draft.problems,
    )


def _footer(
    means: Means, campaign: Campaign, prospect: Prospect, account_id: int | None, language: str, first: bool
) -> str:
    return footers.footer(
        means.desk.sender,
        language=language,
        source=source_of(prospect.source, campaign.source),
        first=first,
        token=EXAMPLE,
        public_url=means.desk.outreach.public_url,
        mailbox=means.desk.mailbox(account_id),
        basis=prospect.legal_basis or campaign.basis,
    )
