"""Why we may write to somebody: a consent with its evidence, noted on their page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response
from sqlmodel import Session

from prospector.models import Prospect
from prospector.outreach import consents, law
from prospector.outreach.consents import ConsentError
from prospector.web.asked import About, Short
from prospector.web.problems import NotThereError
from prospector.web.prospect import shown

router = APIRouter(include_in_schema=False)
Evidence = Annotated[str, Form(max_length=2000)]


@router.post("/p/{prospect_id}/consents")
def add(
    about: About,
    kind: Short = "",
    at: Short = "",
    evidence: Evidence = "",
    source: Evidence = "",
    relevance: Short = "",
    clear: Short = "",
) -> Response:
    """Note one; what is missing is said beside the form."""

    def work(session: Session, person: Prospect) -> None:
        given = law.entered(kind, at, evidence, page=source, relevance=relevance, clear=bool(clear))
        consents.add(session, person, given, about.viewer.id or None, about.now)

    try:
        about.write(work)
    except (ConsentError, law.GroundError) as error:
        entered = {"kind": kind, "at": at, "evidence": evidence, "source": source}
        entered |= {"relevance": relevance, "clear": clear}
        return shown(about, status=422, wrong={"consent": str(error)}, given=entered)
    return about.back("#permission")


@router.post("/p/{prospect_id}/consents/{consent_id}/end")
def end(about: About, consent_id: int) -> Response:
    """It was noted by mistake."""
    try:
        about.write(lambda session, person: consents.end(session, consent_id, person.id, about.now))
    except ConsentError as error:
        raise NotThereError(str(error)) from None
    return about.back("#permission")
