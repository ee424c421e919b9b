"""What a campaign writes, as a page: steps, variants and languages, the facts they use, and a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Response
from sqlmodel import Session, col, or_, select
from starlette.background import BackgroundTask

from prospector.campaigns import drafting, editing, preview, vocabulary
from prospector.campaigns import steps as series_steps
from prospector.campaigns.editing import BrokenStepsError, CampaignError
from prospector.campaigns.preview import Shown
from prospector.campaigns.steps import Step
from prospector.installation import utc_now
from prospector.models import HIGHEST_ID, Campaign, Prospect, Recipient
from prospector.outreach import rehearsal
from prospector.outreach.rehearsal import Rehearsal, RehearsalError
from prospector.web import campaign_sheet as sheets
from prospector.web.campaign_asked import About, Asked, head_of
from prospector.web.campaign_sheet import LONGEST, Series, SheetError
from prospector.web.problems import InvalidError, NotNowError, NotThereError

MOST_TEXTS = 100
MOST_FOUND = 8
SAID: Mapping[str, str] = {
    "saved": "Saved as a new version.",
    "same": "Nothing was changed: no new version was needed.",
    "test": "The test is on its way to you.",
}
NAMES: Mapping[str, str] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
}
router = APIRouter(include_in_schema=False)
Lines = Annotated[list[str], Form(default_factory=list, max_length=MOST_TEXTS)]
Numbers = Annotated[list[int], Form(default_factory=list, max_length=MOST_TEXTS)]
Line = Annotated[str, Form(max_length=500)]


@dataclass(frozen=True, slots=True)
class Edited:
    """What the form holds, and which of its buttons was pressed."""

    series: Series
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    who: str = ""
    person: int = 0
    act: str = "save"


def read_form(
    wait: Lines,
    step: Numbers,
    variant: Lines,
    language: Lines,
    subject: Lines,
    body: Annotated[list[str], Form(default_factory=list, max_length=MOST_TEXTS)],
    fallback_for: Lines,
    fallback: Lines,
    add_language: Lines,
    note: Line = "",
    who: Line = "",
    person: Line = "",
    act: Line = "save",
) -> Edited:
    if any(len(text) > LONGEST for text in body) or any(len(line) > LONGEST for line in subject):
        raise InvalidError(f"A text is longer than {LONGEST:,} characters. Go back and shorten it.")
    try:
        series = sheets.read(wait, step, variant, language, subject, body)
    except SheetError as error:
        raise InvalidError(str(error)) from None
    given = {
        path[:100]: " ".join(text.split())[:300]
        for path, text in zip(fallback_for, fallback, strict=False)
        if text.strip()
    }
    number = int(person) if person.isdecimal() and len(person) < 10 else 0
    return Edited(series, given, note, who, number, _with_language(act, add_language))


def _with_language(act: str, chosen: Sequence[str]) -> str:
    """`add-language:2:A` names the list that stands beside the button; the list says `2:A:de`."""
    if not act.startswith("add-language:") or act.count(":") > 2:
        return act
    asked = act.removeprefix("add-language:")
    return next((f"add-language:{one}" for one in chosen if one.startswith(f"{asked}:")), act)


Form_ = Annotated[Edited, Depends(read_form)]


@router.get("/m/{campaign_id}/template")
def template(
    about: About,
    person: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0,
    who: Annotated[str, Query(max_length=200)] = "",
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The newest version, and how it reads for somebody."""
    edited = about.read(lambda session, campaign: stored(session, campaign, person, who))
    return _page(about, edited, said=SAID.get(said, ""))


@router.post("/m/{campaign_id}/template")
def change(about: About, edited: Form_) -> Response:
    """Save it as a new version; or do what another button of the form says, which keeps nothing yet."""
    if edited.act == "save":
        return _save(about, edited)
    if edited.act == "preview":
        return _page(about, replace(edited, person=0 if edited.who.strip() else edited.person), unsaved=True)
    try:
        series = sheets.changed(edited.series, edited.act)
    except SheetError as error:
        return _page(about, edited, wrong=str(error), status=422, unsaved=True)
    return _page(about, replace(edited, series=series), unsaved=True)


@router.post("/m/{campaign_id}/template/test")
def test(about: About, edited: Form_) -> Response:
    """Send one of the mails of the preview to the one who asks, and to nobody else."""
    number = int(edited.act) if edited.act.isdecimal() and len(edited.act) < 3 else 1

    def work(session: Session, campaign: Campaign) -> Rehearsal:
        prospect = _person(session, about, campaign, edited)
        if prospect is None:
            raise RehearsalError("Choose a person whose facts the test shall use.")
        rehearsal.refuse_theirs(about.viewer.email, prospect.email)
        shown = _shown(session, about, campaign, edited, prospect)
        mail = next((one for one in shown if one.step == number), None)
        account_id = series_steps.mailbox_of(campaign.id, prospect.id, campaign.account_ids)
        known = about.installation.account_ids.values()
        if mail is None or account_id is None or account_id not in known:
            raise RehearsalError("Choose a mailbox for the campaign first, and mend the text.")
        return Rehearsal(account_id, about.viewer.email, about.viewer.name, mail.subject, mail.text)

    try:
        rehearsal.send(about.installation, about.read(work))
    except RehearsalError as error:
        return _page(about, edited, wrong=str(error), status=409, unsaved=True)
    return _page(about, edited, said=f"The test is on its way to {about.viewer.email}.", unsaved=True)


def _save(about: Asked, edited: Edited) -> Response:
    """A new version; the drafts of the older ones are then made anew in the background."""

    def work(session: Session, campaign: Campaign) -> tuple[bool, int | None]:
        before = editing.newest(session, campaign.id)
        version = editing.save_version(
            session,
            campaign,
            sheets.steps_of(edited.series),
            edited.fallbacks,
            edited.note,
            about.viewer.id,
            about.now,
            search_path=about.installation.template_path(),
        )
        new = before is None or version.id != before.id
        waiting = new and drafting_is_wanted(session, campaign.id)
        run_id = drafting.begin(session, campaign.id, about.viewer.id, about.now) if waiting else None
        return new, run_id

    try:
        new, run_id = about.write(work)
    except (BrokenStepsError, SheetError) as error:
        return _page(about, edited, wrong=_sentence(error), status=422, unsaved=True)
    except CampaignError as error:
        raise NotNowError(str(error)) from None
    answer = about.back("/template", said="saved" if new else "same", person=str(edited.person or ""))
    if run_id is not None:
        store = about.installation.store
        answer.background = BackgroundTask(drafting.carry_out, store, about.drafting, run_id, utc_now)
    return answer


def _sentence(error: Exception) -> str:
    if isinstance(error, BrokenStepsError):
        return "It cannot be kept like that: what is wrong stands beside the texts."
    return str(error)


def drafting_is_wanted(session: Session, campaign_id: int) -> bool:
    """Whether somebody has a draft that a new version replaces."""
    drafted = select(Recipient.id).where(Recipient.campaign_id == campaign_id, Recipient.state == "drafted")
    return session.exec(drafted.limit(1)).first() is not None


def stored(session: Session, campaign: Campaign, person: int, who: str) -> Edited:
    """The newest version as the form holds it."""
    version = editing.newest(session, campaign.id)
    if version is None:
        return Edited(sheets.EMPTY, {}, "", who, person)
    steps = series_steps.steps_of(version.steps)
    return Edited(sheets.series_of(steps), dict(version.fallbacks), "", who, person)


def _page(
    about: Asked,
    edited: Edited,
    *,
    said: str = "",
    wrong: str = "",
    status: int = 200,
    unsaved: bool = False,
) -> Response:
    path = about.installation.template_path()
    steps, problems, wrong_wait = _checked(edited, path)

    def work(session: Session, campaign: Campaign) -> dict[str, Any]:
        prospect = _person(session, about, campaign, edited)
        usable = steps is not None and not problems
        return {
            "campaign": campaign,
            "head": head_of(session, about, campaign),
            "prospect": prospect,
            "found": _found(session, about, campaign, edited.who),
            "shown": _shown(session, about, campaign, edited, prospect) if usable and prospect else [],
            "rates": vocabulary.rates(session, about.drafting, campaign.id, steps) if steps else (),
            "concerns": concerns(editing.versions(session, campaign.id)),
            "mailbox": _mailbox(about, campaign, prospect),
        }

    values = about.read(work) | {
        "edited": edited,
        "series": edited.series,
        "wrong": wrong or wrong_wait,
        "problems": sheets.placed(problems),
        "snippets": vocabulary.snippets(path),
        "names": NAMES,
        "said": said,
        "unsaved": unsaved,
    }
    return about.page("campaign-template.html", "template", values, status=status)


def _checked(edited: Edited, path: Any) -> tuple[tuple[Step, ...] | None, Sequence[Any], str]:
    """The steps, what is wrong with them, and a wait that is no number."""
    try:
        steps = sheets.steps_of(edited.series)
    except SheetError as error:
        return None, (), str(error)
    if edited.series == sheets.EMPTY:
        return steps, (), ""
    return steps, series_steps.check(steps, path), ""


def _shown(
    session: Session, about: Asked, campaign: Campaign, edited: Edited, prospect: Prospect
) -> list[Shown]:
    """The preview; none where the texts are not usable yet."""
    steps = sheets.steps_of(edited.series)
    means = about.drafting
    if series_steps.check(steps, means.search_path):
        return []
    return preview.preview(session, means, campaign, steps, edited.fallbacks, prospect, about.now)


def _person(session: Session, about: Asked, campaign: Campaign, edited: Edited) -> Prospect | None:
    """Whose facts the preview has: who was chosen, else the first that the search finds, else the
    first of the campaign."""
    if edited.person:
        chosen = session.get(Prospect, edited.person)
        if chosen is None or not about.viewer.scope.allows(chosen.owner_id):
            raise NotThereError("There is no such person. Search for another one.")
        return chosen
    found = _found(session, about, campaign, edited.who)
    if found:
        return found[0]
    first = (
        select(Prospect)
        .join(Recipient, col(Recipient.prospect_id) == col(Prospect.id))
        .where(Recipient.campaign_id == campaign.id)
        .order_by(col(Recipient.id))
    )
    return None if edited.who.strip() else session.exec(first.limit(1)).first()


def _found(session: Session, about: Asked, campaign: Campaign, who: str) -> list[Prospect]:
    """People by the letters of their name or address: those of the campaign first."""
    words = " ".join(who.split())
    if not words:
        return []
    there = col(Recipient.campaign_id) == campaign.id
    named = or_(
        col(Prospect.name).icontains(words, autoescape=True),
        col(Prospect.email).icontains(words, autoescape=True),
    )
    statement = (
        select(Prospect)
        .join(Recipient, (col(Recipient.prospect_id) == col(Prospect.id)) & there, isouter=True)
        .where(named, about.viewer.scope.where(Prospect.owner_id), col(Prospect.archived_at).is_(None))
        .order_by(col(Recipient.id).is_(None), col(Prospect.id))
    )
    return list(session.exec(statement.limit(MOST_FOUND)))


def _mailbox(about: Asked, campaign: Campaign, prospect: Prospect | None) -> str:
    """From which address the person would hear."""
    if prospect is None:
        return ""
    account = about.means.desk.account(
        series_steps.mailbox_of(campaign.id, prospect.id, campaign.account_ids)
    )
    return str(getattr(account.settings, "address", "")) if account is not None else ""


def concerns(versions: Sequence[editing.VersionRow]) -> str:
    """Whom a new version concerns, in words; empty where nobody has a draft of an older one."""
    drafts = sum(one.drafts for one in versions)
    kept = [(one.approved + one.sent, one.number) for one in versions if one.approved + one.sent]
    parts = [f"{drafts:,} {'draft is' if drafts == 1 else 'drafts are'} made anew"] if drafts else []
    parts += [f"{number:,} approved or sent keep version {version}" for number, version in kept]
    return ", ".join(parts)
