"""What the author of a series has at hand: the facts that it uses with how many have them, and snippets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from prospector.campaigns.drafting import Means
from prospector.campaigns.steps import Step, template_of
from prospector.models import Company, Prospect, Recipient
from prospector.outreach.dossier import facts_of
from prospector.outreach.facts import Facts
from prospector.outreach.naming import judged_first_name
from prospector.outreach.template import SUFFIX, Template, TemplateError
from prospector.outreach.variables import fill_rates, variables

MOST = 2_000
"""People at whom the rates look: of a larger campaign those who came first."""
EXCERPT = 80


@dataclass(frozen=True, slots=True)
class Rate:
    """A fact that the series uses: `path` as fallbacks name it, `required` where a gap would show."""

    path: str
    known: int
    total: int
    required: bool


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text that can be pasted in by its name."""

    name: str
    words: str


def rates(session: Session, means: Means, campaign_id: int, steps: Sequence[Step]) -> tuple[Rate, ...]:
    """For each fact of the texts that can be read, how many of the campaign's people have it."""
    used = variables(*_templates(steps, means.search_path))
    own = [one for one in used if one.path.partition(".")[0] in ("prospect", "company")]
    counted = fill_rates([one.path for one in own], _people(session, means, campaign_id))
    return tuple(
        Rate(rate.path.removeprefix("prospect."), rate.known, rate.total, one.required)
        for one, rate in zip(own, counted, strict=True)
    )


def snippets(search_path: Sequence[Path]) -> tuple[Snippet, ...]:
    """All snippets on the path, by name; the workspace's own hide those that ship."""
    found: dict[str, Snippet] = {}
    for folder in search_path:
        for file in sorted((folder / "snippets").glob(f"*{SUFFIX}")):
            found.setdefault(file.stem, Snippet(file.stem, _words(file)))
    return tuple(found[name] for name in sorted(found))


def _templates(steps: Sequence[Step], search_path: Sequence[Path]) -> Iterator[Template]:
    for step in steps:
        for variant in step.variants:
            for language, text in variant.texts.items():
                try:
                    yield template_of(text, variant.name, language, search_path)
                except TemplateError:
                    continue  # It is said beside the text.


def _people(session: Session, means: Means, campaign_id: int) -> Iterator[Facts]:
    statement = (
        select(Prospect)
        .join(Recipient, col(Recipient.prospect_id) == col(Prospect.id))
        .where(Recipient.campaign_id == campaign_id, Recipient.state != "skipped")
        .order_by(col(Recipient.id))
        .limit(MOST)
    )
    people = session.exec(statement).all()
    companies = {one.company_id for one in people if one.company_id is not None}
    session.exec(select(Company).where(col(Company.id).in_(companies))).all()
    desk = means.desk
    return (_addressed(facts_of(session, one, None, desk.sender, desk.timezone)) for one in people)


def _addressed(facts: Facts) -> Facts:
    """Without a first name that nobody can be greeted by: who is called by an address has none."""
    person = facts["prospect"] or {}
    first = person.get("first_name")
    verdict = judged_first_name(first, person.get("name")) if isinstance(first, str) else None
    if verdict is None or verdict[1] != "error":
        return facts
    return {**facts, "prospect": {**person, "first_name": None, "name": None}}


def _words(file: Path) -> str:
    try:
        text = " ".join(file.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError):
        return "cannot be read"
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
