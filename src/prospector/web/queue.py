"""The rep's daily queue: the list, the open card, and each decision."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlmodel import col, select

from prospector.models import Card, Prospect
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed

router = APIRouter(include_in_schema=False)


@router.get("/queue")
def queue(request: Request, viewer: Signed, installation: Opened) -> Response:
    with installation.store.reading() as session:
        found = (
            select(Card, Prospect)
            .join(Prospect, col(Prospect.id) == Card.prospect_id)
            .where(Card.state == "open", viewer.scope.where(Card.owner_id))
            .order_by(col(Card.priority).desc())
            .limit(30)
        )
        return page(request, viewer, "queue.html", rows=session.exec(found).all())
