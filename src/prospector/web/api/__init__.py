"""The JSON API: what the command line shows with `--json`, under the same names, for programs.

Each module is a noun with a `router`; `documented` makes sure that what every route can answer is in
the description at /api/openapi.json, which /api/docs shows to people.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Refused(BaseModel):
    """Why a request was not done: one sentence that says what to do."""

    detail: str


class Malformed(BaseModel):
    """What is wrong with a request: a sentence, or one for each place."""

    detail: str | list[dict[str, Any]]
    fields: dict[str, str] = {}


ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "The request cannot be read"},
    401: {"model": Refused, "description": "Nobody is signed in, or the token works no more"},
    403: {"model": Refused, "description": "The viewer's role does not go so far"},
    404: {"model": Refused, "description": "It is not there, or it is somebody else's"},
    405: {"model": Refused, "description": "The address takes another method"},
    409: {"model": Refused, "description": "As things stand it cannot be done"},
    413: {"model": Refused, "description": "The request is too large"},
    415: {"model": Refused, "description": "The body is no JSON"},
    422: {"model": Malformed, "description": "A value is not what it should be"},
    503: {"model": Refused, "description": "The database is busy; try again"},
}
"""What any route of the API can answer besides its success; for `APIRouter(responses=ANSWERS)`."""
