"""What is known about a person, out of the store, as the facts that templates may use."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from prospector import config
from prospector.models import Company, Engagement, Prospect
from prospector.outreach import naming
from prospector.outreach.facts import Facts, plain
from prospector.outreach.filters import truncated
from prospector.outreach.window import zone_for

EXCERPT = 120


def facts_of(
    session: Session,
    prospect: Prospect,
    engagement: Engagement | None,
    sender: config.Sender,
    timezone: str,
) -> Facts:
    """What a template may say about this person, now; dates are those of the reader's zone."""
    company = session.get(Company, prospect.company_id) if prospect.company_id is not None else None
    zone = zone_for(prospect.timezone, prospect.country, timezone).info
    return {
        "prospect": _prospect_facts(prospect, company),
        "company": _company_facts(company) if company else None,
        "engagement": _engagement_facts(engagement, zone) if engagement else None,
        "sender": {**_names(sender.name), **sender.model_dump()},
    }


def _prospect_facts(prospect: Prospect, company: Company | None) -> dict[str, Any]:
    """What a person filled in stands before what is derived, and for what the row does not have."""
    fields = prospect.fields or {}
    own = {
        "name": prospect.name,
        "email": prospect.email,
        "title": prospect.title,
        "company": company.name if company else None,
        "country": prospect.country,
        "timezone": prospect.timezone,
    }
    facts = own | {name: fields.get(name) for name, value in own.items() if plain(value) is None}
    names = {
        key: fields[key] if plain(fields.get(key)) is not None else value
        for key, value in _names(prospect.name).items()
    }
    return {**names, **facts, "stage": prospect.stage, "tags": prospect.tags, "fields": fields}


def _names(whole: str) -> dict[str, Any]:
    """First and last name; None for what the whole name leaves unclear."""
    first = naming.first_name_of(whole)
    before, _, after = whole.partition(first) if first else ("", "", "")
    return {"first_name": first, "last_name": after.strip(" ,") or before.partition(",")[0].strip() or None}


def _company_facts(company: Company) -> dict[str, Any]:
    return {
        "name": company.name,
        "short_name": plain((company.fields or {}).get("short_name")) or naming.short_name(company.name),
        "domain": company.domain,
        "fields": company.fields,
    }


def _engagement_facts(engagement: Engagement, zone: ZoneInfo) -> dict[str, Any]:
    """What they did; of a mail of ours that is followed up, only what makes the thread."""
    thread = {
        "kind": engagement.kind,
        "at": engagement.at.astimezone(zone),
        "channel": engagement.channel,
        "subject": engagement.attributes.get("subject"),
    }
    if engagement.by == "us":
        return thread
    return thread | {
        "text": engagement.text,
        "excerpt": truncated(engagement.text, EXCERPT),
        "url": engagement.url,
        "post": engagement.post,
    }
