"""/u/TOKEN: where a link in our mails leads, and where mail providers post one click (RFC 8058).

A GET does nothing, since scanners follow links; the POST needs no cookie, no login and no Origin, and
whatever token it brings is answered alike, so that nobody learns which there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from prospector.engagements import log
from prospector.installation import utc_now
from prospector.outreach import unsubscribe
from prospector.web.rendering import page
from prospector.web.viewer import Aftermath, Opened

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Words:
    """The page in one language."""

    title: str
    question: str
    button: str
    done: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        "Unsubscribe",
        "Shall we stop writing to you? You will get no more mail from us.",
        "Unsubscribe",
        "You are unsubscribed. We will not write to you again.",
    ),
    "de": Words(
        "Abmelden",
        "Sollen wir Ihnen nicht mehr schreiben? Sie bekommen dann keine Mail mehr von uns.",
        "Abmelden",
        "Sie sind abgemeldet. Wir schreiben Ihnen nicht mehr.",
    ),
    "fr": Words(
        "Se désabonner",
        "Devons-nous cesser de vous écrire ? Vous ne recevrez plus de message de notre part.",
        "Se désabonner",
        "Vous êtes désabonné. Nous ne vous écrirons plus.",
    ),
    "es": Words(
        "Darse de baja",
        "¿Quiere que dejemos de escribirle? No recibirá más correos nuestros.",
        "Darme de baja",
        "Se ha dado de baja. No volveremos a escribirle.",
    ),
    "it": Words(
        "Cancellarsi",
        "Dobbiamo smettere di scriverle? Non riceverà più mail da noi.",
        "Cancellarmi",
        "La cancellazione è avvenuta. Non le scriveremo più.",
    ),
    "nl": Words(
        "Afmelden",
        "Zullen wij u niet meer schrijven? U krijgt dan geen mail meer van ons.",
        "Afmelden",
        "U bent afgemeld. Wij schrijven u niet meer.",
    ),
    "pt": Words(
        "Cancelar",
        "Quer que deixemos de lhe escrever? Não receberá mais mensagens nossas.",
        "Cancelar",
        "Está cancelado. Não voltaremos a escrever-lhe.",
    ),
}


@router.get("/u/{token}")
def ask(request: Request, installation: Opened, token: str) -> Response:
    """The page with one button."""
    return _page(request, installation, done=False)


@router.post("/u/{token}")
def stop(request: Request, installation: Opened, aftermath: Aftermath, token: str) -> Response:
    """Never write to them again: what the button sends, and what a mail provider does."""
    now = utc_now()

    def work(session: Session) -> None:
        entry = unsubscribe.entry_of(session, token, now)
        if entry is not None:
            aftermath.follow(session, log(session, [entry]), (), (), now)

    installation.store.write(work)
    return _page(request, installation, done=True)


def language_of(accepted: str) -> str:
    """The first language of an Accept-Language header that the page is written in; else English."""
    wanted = re.findall(r"(?:^|,)\s*([a-zA-Z]{2})\b", accepted[:200])
    return next((one.lower() for one in wanted if one.lower() in WORDS), "en")


def _page(request: Request, installation: Opened, done: bool) -> Response:
    language = language_of(request.headers.get("accept-language", ""))
    who = installation.settings.file.sender.legal
    given: dict[str, Any] = {"words": WORDS[language], "language": language, "who": who, "done": done}
    headers = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    return page(request, None, "unsubscribe.html", headers=headers, **given)
