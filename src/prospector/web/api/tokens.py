"""The viewer's bearer tokens: which there are, a new one, and away with one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, StringConstraints
from sqlmodel import Session

from prospector.installation import utc_now
from prospector.team import sessions
from prospector.web.api import ANSWERS
from prospector.web.problems import NotAllowedError, NotThereError
from prospector.web.viewer import Opened, Signed

router = APIRouter(prefix="/api/tokens", tags=["tokens"], responses=ANSWERS)
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Token(BaseModel):
    """A bearer token as it can be shown: `id` is the beginning of its hash, of no use to anybody."""

    id: str
    label: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class NewToken(BaseModel):
    """What a token is for."""

    label: Label


class MadeToken(BaseModel):
    """A new token: the one time that it is told."""

    id: str
    label: str
    token: str


@router.get("")
def listed(viewer: Signed, installation: Opened) -> list[Token]:
    """The viewer's own tokens, the newest first."""
    with installation.store.reading() as session:
        found = sessions.of_user(session, viewer.id, "api", utc_now())
        return [Token(id=one.token_hash[:16], **one.model_dump()) for one in found]


@router.post("", status_code=201)
def make(new: NewToken, viewer: Signed, installation: Opened) -> MadeToken:
    """A new token, told once. A token cannot make another: who finds one keeps it no longer than it works."""
    if viewer.by != "session":
        raise NotAllowedError("A token makes no tokens. Sign in with a browser, or `prospector users token`.")

    def work(session: Session) -> str:
        return sessions.begin(session, "api", viewer.id, utc_now(), new.label)

    token = installation.store.write(work)
    return MadeToken(id=sessions.hash_of(token)[:16], label=new.label, token=token)


@router.delete("/{token_id}", status_code=204)
def revoke(token_id: str, viewer: Signed, installation: Opened) -> Response:
    """End a token of the viewer's: it lets nobody in any more."""
    ended = installation.store.write(lambda session: sessions.revoke(session, viewer.id, "api", token_id))
    if not ended:
        raise NotThereError("You have no such token.")
    return Response(status_code=204)
