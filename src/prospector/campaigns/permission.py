"""Whom of a campaign the law lets no cold mail go to yet: a trouble of its own, since a consent mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from prospector.campaigns.causes import Trouble
from prospector.config import Outreach
from prospector.models import Campaign
from prospector.outreach import consents, law


def troubles(
    session: Session, campaign_id: int, outreach: Outreach, people: Sequence[Any], now: datetime
) -> Mapping[int, Trouble]:
    """By prospect, what the law asks for first. `people` are rows with the columns `prospect_id`,
    `country`, `email` and `legal_basis`."""
    campaign = session.get_one(Campaign, campaign_id)
    grounds = consents.grounds(session, [row.prospect_id for row in people])
    found: dict[int, Trouble] = {}
    for row in people:
        country = law.country_of(row.country, row.email)
        verdict = law.verdict(
            country,
            grounds.get(row.prospect_id, ()),
            now.date(),
            basis=campaign.basis or row.legal_basis or "",
            opt_in=outreach.opt_in_countries,
        )
        if not verdict.ok:
            found[row.prospect_id] = _trouble(country, outreach, verdict.why)
    return found


def _trouble(country: str | None, outreach: Outreach, why: str) -> Trouble:
    if country is not None and (country == "CA" or country in outreach.opt_in_countries):
        return Trouble(f"law:{country}", "blocked", f"needs prior opt-in ({country})", about=why)
    return Trouble("law:basis", "blocked", "no lawful basis is noted", about=why)
