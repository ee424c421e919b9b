"""What goes wrong, as answers: the same sentence as a page, a fragment or JSON."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.responses import JSONResponse


class Problem(Exception):
    """A request that cannot be done; `sentence` says what to do. `fields` are errors of a form."""

    status = 400

    def __init__(self, sentence: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields = dict(fields or {})


class NotThereError(Problem):
    """It does not exist, or it is somebody else's: the answer is the same."""

    status = 404


class NotNowError(Problem):
    """It cannot be done as things stand: somebody was faster, or a fact has changed."""

    status = 409


class NotAllowedError(Problem):
    """The viewer's role does not go so far."""

    status = 403


class InvalidError(Problem):
    """A form has errors; `fields` says where."""

    status = 422


def answer(request: Request, problem: Problem) -> Response:
    """The problem in the form that was asked for."""
    if request.url.path.startswith("/api/") or "json" in request.headers.get("accept", ""):
        detail: dict[str, object] = {"detail": problem.sentence}
        return JSONResponse(detail | ({"fields": problem.fields} if problem.fields else {}), problem.status)
    from prospector.web.rendering import problem_page

    return problem_page(request, problem.sentence, problem.status)
