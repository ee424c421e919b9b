"""The web app: pages for people under `/`, JSON for programs under `/api`."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse, RedirectResponse

from prospector import __version__
from prospector.consequences import Consequences
from prospector.installation import Installation
from prospector.queue.means import Means
from prospector.web import (
    assets,
    campaign_new,
    campaign_people,
    campaign_results,
    campaign_template,
    campaigns,
    changes,
    companies,
    consents,
    decisions,
    dev,
    duplicates,
    house,
    imports,
    login,
    mailboxes,
    outbox,
    problems,
    prospect,
    prospects,
    queue,
    replies,
    retention,
    review,
    second_factor,
    settings,
    setup,
    shell,
    sources,
    status,
    strangers,
    team,
    unsubscribe,
)
from prospector.web.api import accounts, cards, description, merging, messages, tokens
from prospector.web.api import campaigns as campaigns_api
from prospector.web.api import imports as imports_api
from prospector.web.api import prospect as prospect_api
from prospector.web.api import prospects as prospects_api
from prospector.web.api import replies as replies_api
from prospector.web.api import review as review_api
from prospector.web.api import team as team_api
from prospector.web.door import Door
from prospector.web.guard import Guard

ROUTERS = (
    assets.router,
    login.router,
    setup.router,
    unsubscribe.router,
    second_factor.router,
    status.router,
    queue.router,
    decisions.router,
    # Before one person: `/p/add` is nobody's number.
    prospects.router,
    changes.router,
    strangers.router,
    imports.router,
    duplicates.router,
    retention.router,
    settings.router,
    team.router,
    house.router,
    mailboxes.router,
    prospect.router,
    consents.router,
    companies.router,
    campaign_new.router,
    campaigns.router,
    campaign_people.router,
    campaign_template.router,
    campaign_results.router,
    review.router,
    outbox.router,
    replies.router,
    sources.router,
    shell.router,
    description.router,
    dev.router,
    cards.router,
    messages.router,
    accounts.router,
    replies_api.router,
    prospects_api.router,
    prospect_api.router,
    team_api.router,
    imports_api.router,
    merging.router,
    tokens.router,
    campaigns_api.router,
    review_api.router,
)


def create_app(installation: Installation, *, dev: bool = False) -> FastAPI:
    """The application of an installation; `dev` shows the states of /dev/states too."""
    app = FastAPI(title="prospector", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.installation = installation
    app.state.means = Means(installation.settings, Consequences(installation))
    app.state.dev = dev
    app.add_exception_handler(problems.Problem, _problem)
    app.add_exception_handler(RequestValidationError, _malformed)
    for router in ROUTERS:
        app.include_router(router)

    @app.get("/", include_in_schema=False)
    def front() -> Response:
        return RedirectResponse("/queue", 303)

    app.add_middleware(Door, installation=installation)
    # No page holds a secret that a forger needs (the guard looks at Origin), so BREACH finds none.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    # The last to be added is the first to look.
    file = installation.settings.file
    app.add_middleware(Guard, page=file.web, public_url=file.outreach.public_url)
    return app


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, problems.Problem)
    return problems.answer(request, error)


def _malformed(request: Request, error: Exception) -> Response:
    """What a form or a body lacks; never what was in it, which may be a password."""
    assert isinstance(error, RequestValidationError)
    detail = [{"loc": one["loc"], "msg": one["msg"], "type": one["type"]} for one in error.errors()]
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": jsonable_encoder(detail)}, 422)
    fields = ", ".join(dict.fromkeys(str(one["loc"][-1]) for one in detail))
    return problems.answer(
        request, problems.InvalidError(f"This form cannot be read: {fields}. Go back and try again.")
    )
