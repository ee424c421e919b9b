"""The web app: pages for people under `/`, JSON for programs under `/api`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import select

from prospector import __version__
from prospector.installation import Installation
from prospector.models import User
from prospector.web import assets, problems, queue, status
from prospector.web.viewer import Viewer

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ROUTERS = (assets.router, status.router, queue.router)


def create_app(installation: Installation, *, dev: bool = False) -> FastAPI:
    """The application of an installation; `dev` shows the states of /dev/states too."""
    app = FastAPI(title="prospector", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.installation = installation
    app.state.dev = dev
    app.add_exception_handler(problems.Problem, _problem)
    for router in ROUTERS:
        app.include_router(router)

    @app.get("/", include_in_schema=False)
    def front() -> Response:
        return RedirectResponse("/queue", 303)

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        host = installation.settings.file.web.host
        if host in LOOPBACK and request.url.hostname not in (*LOOPBACK, host):
            return Response("This page is served to this machine alone.", status_code=403)
        request.state.viewer = _stand_in(installation)
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return app


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, problems.Problem)
    return problems.answer(request, error)


def _stand_in(installation: Installation) -> Viewer:
    with installation.store.reading() as session:
        user = session.exec(select(User)).first()
    if user is None:
        return Viewer(0, "Somebody", "somebody@example.com", "admin", ZoneInfo("UTC"))
    return Viewer(user.id, user.name, user.email, user.role, ZoneInfo(user.timezone))


def utc_now() -> datetime:
    return datetime.now(UTC)
