"""What came of a campaign: by step and variant with what can be said of them, and person by person.

What counts is that people answered. Whether a mail was opened is neither known nor asked.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from prospector.campaigns import members, recipients, results
from prospector.models import HIGHEST_ID, Campaign
from prospector.web.campaign_asked import About, head_of
from prospector.web.interval import Scale

SIZE = 50
router = APIRouter(include_in_schema=False)


@router.get("/m/{campaign_id}/results")
def shown(
    about: About,
    state: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[int, Query(ge=0, le=HIGHEST_ID)] = 0,
) -> Response:
    """The figures, and the people from `after` on."""
    wanted = members.Filter(state, q)

    def work(session: Session, campaign: Campaign) -> dict[str, Any]:
        rows = members.listed(session, campaign.id, wanted, after, SIZE + 1)
        return {
            "campaign": campaign,
            "head": head_of(session, about, campaign),
            "steps": results.of_steps(session, campaign.id, about.now),
            "counts": recipients.counts(session, campaign.id),
            "rows": rows[:SIZE],
            "more": rows[SIZE - 1].id if len(rows) > SIZE else None,
        }

    values = about.read(work)
    arms = [arm for step in values["steps"] for arm in step.arms if arm.sent]
    values |= {"wanted": wanted, "after": after, "scale": Scale.of([arm.high for arm in arms])}
    return about.page("campaign-results.html", "results", values)
