"""The web page: for now what is going on, read from the tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from prospector import __version__
from prospector.installation import Installation
from prospector.models import Account, Card, Engagement, Message, Move, Poll, Profile, Prospect
from prospector.store import say

PAGES = Path(__file__).parent / "pages"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def create_app(installation: Installation) -> FastAPI:
    """The application: `/` for people, `/healthz` for monitors."""
    app = FastAPI(title="prospector", version=__version__, openapi_url=None)
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    host = installation.settings.file.web.host
    local = host in LOOPBACK
    style = (PAGES / "status.css").read_text(encoding="utf-8")

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        # A page elsewhere may point its own name at this machine to read what is here.
        if local and request.url.hostname not in (*LOOPBACK, host):
            return Response("This page is served to this machine alone.", status_code=403)
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @app.get("/", response_class=HTMLResponse)
    def status() -> str:
        with installation.store.reading() as session:
            return pages.get_template("status.html").render(figures(session), version=__version__)

    @app.get("/status.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    @app.get("/healthz")
    def health(response: Response) -> dict[str, Any]:
        try:
            with installation.store.reading() as session:
                last = session.exec(select(func.max(Poll.started_at))).one()
        except SQLAlchemyError as error:
            response.status_code = 503
            return {"ok": False, "version": __version__, "why": say(error)}
        return {"ok": True, "version": __version__, "last_look": last}

    return app


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
