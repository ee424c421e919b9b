"""The mails of one person's series, out of a version and the facts: rendered, closed, ready to be stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from prospector.campaigns import steps
from prospector.campaigns.series import thread
from prospector.campaigns.steps import Step
from prospector.models import Campaign, CampaignVersion, Prospect
from prospector.outreach import render
from prospector.outreach.closing import Closing, closing_of, source_of
from prospector.outreach.drafts import Desk
from prospector.outreach.facts import Facts, digest
from prospector.outreach.naming import completed
from prospector.outreach.problem import Problem
from prospector.outreach.render import Draft
from prospector.outreach.template import Template

_PROBLEM = tuple(Problem.__dataclass_fields__)


@dataclass(frozen=True)
class Series:
    """A version ready to be rendered: each of its texts is parsed once."""

    campaign: Campaign
    version: CampaignVersion
    steps: tuple[Step, ...]
    search_path: Sequence[Path] = ()
    _templates: dict[tuple[int, str, str], Template] = field(default_factory=dict)

    def template(self, number: int, variant: str, language: str) -> Template:
        """The template of a step (from 1), a variant and a language."""
        key = number, variant, language
        if key not in self._templates:
            text = self.steps[number - 1].variant(variant).texts[language]
            name = name_of(self.campaign, number)
            self._templates[key] = steps.template_of(text, name, language, self.search_path)
        return self._templates[key]


@dataclass(frozen=True, slots=True)
class Written:
    """One rendered mail. `read` and `facts_hash` are of the facts about the person alone, and `follows`
    tells that its subject is that of the first mail."""

    number: int
    variant: str
    language: str
    draft: Draft
    read: tuple[str, ...]
    facts_hash: str
    follows: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom a series goes to whom; `first` where they have had no mail of ours yet."""

    desk: Desk
    campaign: Campaign
    prospect: Prospect
    account_id: int | None
    first: bool


def series_from(campaign: Campaign, version: CampaignVersion, search_path: Sequence[Path] = ()) -> Series:
    """A version of a campaign, ready to be rendered; snippets are looked for on the search path."""
    return Series(campaign, version, steps.steps_of(version.steps), search_path)


def write_series(
    text: Series, prospect: Prospect, facts: Facts, limit: int | None = None, subject: str | None = None
) -> list[Written]:
    """Render all mails of a person's series; a follow-up without a subject answers the first. `limit`
    is the longest body, in characters, that the mailbox takes, `subject` that of a first mail which
    stays as somebody has rewritten it."""
    written: list[Written] = []
    chosen = str((prospect.fields or {}).get("language") or "")
    for number, step in enumerate(text.steps, start=1):
        arm = steps.arm_of(text.campaign.id, prospect.id, step.names)
        texts = step.variant(arm).texts
        language = steps.language_for(chosen, prospect.country, list(texts))
        template = text.template(number, arm, language)
        first = subject or (written[0].draft.subject if written else "")
        known = in_thread(facts, first) if written else facts
        draft = render.render(template, known, limit=limit, fallbacks=text.version.fallbacks)
        # What the thread says is ours, and no fact that may change.
        read = tuple(path for path in draft.read if path.partition(".")[0] != "engagement")
        hashed = draft.facts_hash if read == draft.read else digest(completed(facts), read)
        follows = bool(written) and not template.subject
        written.append(Written(number, arm, language, draft, read, hashed, follows))
    return written


def in_thread(facts: Facts, subject: str) -> Facts:
    """The facts of a follow-up: it answers our own mail of this subject."""
    return {**facts, "engagement": thread(subject)}


def row_of(envelope: Envelope, mail: Written, recipient_id: int, now: datetime) -> dict[str, Any]:
    """A rendered mail as the row of a draft, with its footer and its token."""
    campaign, prospect = envelope.campaign, envelope.prospect
    closing = closed(envelope, mail.language, mail.number)
    return {
        "prospect_id": prospect.id,
        "account_id": envelope.account_id,
        "action": "email",
        "by_hand": False,
        "occasion": occasion_of(campaign.id, mail.number),
        "template": name_of(campaign, mail.number),
        "facts": _facts_of(mail),
        "facts_hash": mail.facts_hash,
        "problems": [{name: getattr(one, name) for name in _PROBLEM} for one in mail.draft.problems],
        "subject": mail.draft.subject,
        "body": mail.draft.body,
        "footer": closing.footer,
        "token": closing.token,
        "state": "draft",
        "created_at": now,
        "campaign_id": campaign.id,
        "recipient_id": recipient_id,
        "step": mail.number,
        "variant": mail.variant,
        "shape": mail.draft.shape,
        "tries": 0,
        "reply": "",
    }


def closed(envelope: Envelope, language: str, number: int, token: str | None = None) -> Closing:
    """What closes the mail of this number: in which language, from which mailbox, to whom."""
    campaign, prospect, desk = envelope.campaign, envelope.prospect, envelope.desk
    return closing_of(
        desk.sender,
        desk.outreach,
        mailbox=desk.mailbox(envelope.account_id),
        language=language,
        first=envelope.first and number == 1,
        source=source_of(prospect.source, campaign.source),
        basis=prospect.legal_basis or campaign.basis,
        token=token,
    )


def occasion_of(campaign_id: int, step: int) -> str:
    """What makes the same mail to the same person twice impossible."""
    return f"campaign:{campaign_id}/step:{step}"


def name_of(campaign: Campaign, step: int) -> str:
    """What the text of a step is called where templates are named."""
    return f"{campaign.name} {step}"[:120]


def _facts_of(mail: Written) -> dict[str, Any]:
    facts: dict[str, Any] = {"read": list(mail.read), "language": mail.language}
    if mail.follows:
        facts["follows"] = True
    if mail.draft.fell_back:
        facts["fell_back"] = list(mail.draft.fell_back)
    return facts
