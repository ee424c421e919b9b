"""The status page for people, `/healthz` for monitors, and the pages that only list: help and menu."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from prospector import __version__
from prospector.models import Account, Card, Engagement, Message, Move, Poll, Profile, Prospect
from prospector.store import say
from prospector.web.rendering import page
from prospector.web.viewer import Opened, Signed

router = APIRouter(include_in_schema=False)


@router.get("/status")
def status(request: Request, viewer: Signed, installation: Opened) -> Response:
    with installation.store.reading() as session:
        return page(request, viewer, "status.html", **figures(session))


@router.get("/help")
def keys(request: Request, viewer: Signed) -> Response:
    return page(request, viewer, "help.html")


@router.get("/menu")
def menu(request: Request, viewer: Signed) -> Response:
    return page(request, viewer, "menu.html")


@router.get("/healthz")
def health(response: Response, installation: Opened) -> dict[str, Any]:
    """Whether the database answers; for monitors, without a sign-in."""
    try:
        with installation.store.reading() as session:
            last = session.exec(select(func.max(Poll.started_at))).one()
    except SQLAlchemyError as error:
        response.status_code = 503
        return {"ok": False, "version": __version__, "why": say(error)}
    return {"ok": True, "version": __version__, "last_look": last}


def figures(session: Session) -> dict[str, Any]:
    """What the status page shows, all of it from the tables."""
    now = datetime.now(UTC)
    stages = session.exec(select(Prospect.stage, func.count()).group_by(Prospect.stage)).all()
    states = session.exec(select(Message.state, func.count()).group_by(Message.state)).all()
    recent = select(Engagement, Prospect.name).join(
        Prospect, col(Prospect.id) == Engagement.prospect_id, isouter=True
    )
    moves = select(Move, Prospect.name).join(Prospect, col(Prospect.id) == Move.prospect_id)
    return {
        "now": now,
        "stages": sorted(stages, key=lambda pair: -pair[1]),
        "messages": dict(states),
        "cards": session.exec(select(func.count()).where(Card.state == "open")).one(),
        "profiles": session.exec(select(func.count()).select_from(Profile)).one(),
        "accounts": session.exec(select(Account).order_by(Account.name)).all(),
        "engagements": session.exec(recent.order_by(col(Engagement.id).desc()).limit(12)).all(),
        "moves": session.exec(
            moves.where(col(Move.after).is_not(None), col(Move.superseded_at).is_(None))
            .order_by(col(Move.id).desc())
            .limit(8)
        ).all(),
    }
