"""/dev/states: every state of the pages to look at, in a sandbox and for its admin alone."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from prospector.consequences import Consequences
from prospector.installation import utc_now
from prospector.web.problems import NotNowError, NotThereError
from prospector.web.rendering import page
from prospector.web.states import STATES, NothingLeftError, State
from prospector.web.viewer import Opened, Signed

router = APIRouter(include_in_schema=False)


@router.get("/dev/states")
def states(request: Request, viewer: Signed) -> Response:
    """The list; each state has a button that brings it about and shows it."""
    _in_a_sandbox(request)
    return page(request, viewer, "dev-states.html", states=STATES)


@router.post("/dev/states/{name}")
def bring_about(name: str, request: Request, viewer: Signed, installation: Opened) -> Response:
    _in_a_sandbox(request)
    state = _state(name)
    means = Consequences(installation)
    try:
        path = installation.store.write(lambda session: state.work(session, means, utc_now()))
    except NothingLeftError as error:
        raise NotNowError(str(error)) from None
    return RedirectResponse(path, 303)


def _in_a_sandbox(request: Request) -> None:
    """Elsewhere the address is nothing: these buttons change data."""
    if not request.app.state.dev:
        raise NotThereError("There is nothing here. The address may be mistyped, or old.")


def _state(name: str) -> State:
    found = next((state for state in STATES if state.name == name), None)
    if found is None:
        raise NotThereError(
            f"There is no state of that name. Known: {', '.join(one.name for one in STATES)}."
        )
    return found
