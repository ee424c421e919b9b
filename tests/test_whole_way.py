"""The life of one engagement, on both databases, over real sockets to real protocols."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from prospector import doctor, processes
from prospector.consequences import Consequences
from prospector.installation import Installation
from prospector.models import Card, Engagement, Message, Move, Prospect
from prospector.outreach import outbox
from prospector.runtime import Runtime
from prospector.sandbox import mail_answers
from prospector.sandbox.mail import Delivery
from tests.town import Town, town, until


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town(tmp_path, database_url, monkeypatch.setenv) as made:
        yield made


def one_round(installation: Installation) -> processes.Summary:
    async def work() -> processes.Summary:
        runtime = Runtime(installation)
        try:
            return await processes.one_round(runtime)
        finally:
            await runtime.aclose()

    return asyncio.run(work())


def everything(session: Session, table: Any) -> list[Any]:
    return list(session.exec(select(table).order_by(table.id)))


def happened(session: Session) -> list[Engagement]:
    return [one for one in everything(session, Engagement) if one.kind != "field_set"]


def answering(delivery: Delivery) -> None:
    raw = mail_answers.reply(delivery.raw, "Gladly. When?", datetime.now(UTC), "<answer@anna.example>")
    delivery.world.deliver(raw, "us@us.example")


def test_the_whole_way(place: Town) -> None:
    installation = place.open()
    place.mail.on_message("anna@anna.example", answering)
    prospect_id, did = place.person(installation, "Anna")
    store = installation.store

    # A post is seen once, becomes a card with a reason, and gets a draft.
    place.bluesky.post(did, "How do you all handle invoices?")
    ours = place.bluesky.post(place.us, "Our new release is out.")
    assert one_round(installation).new == 1
    assert one_round(installation).new == 0
    with store.reading() as session:
        (seen,) = happened(session)
        (card,) = everything(session, Card)
        (draft,) = everything(session, Message)
        assert (seen.kind, seen.prospect_id, seen.by) == ("post", prospect_id, "them")
        assert sum(reason["points"] for reason in card.reasons) == card.priority > 0
        assert (draft.action, draft.state, draft.card_id) == ("reply", "draft", card.id)

    # They answer our post: one engagement from two places, a move with its proof, an answer card.
    place.bluesky.post(did, "Congratulations! What does it cost?", reply_to=ours)
    until(lambda: one_round(installation).new, 20)
    one_round(installation)
    with store.reading() as session:
        assert [one.kind for one in happened(session)] == ["post", "reply"]
        (move,) = everything(session, Move)
        assert (move.before, move.after) == ("cold", "engaged")
        assert move.why["sentence"].startswith("Moved cold -> engaged")
        (card,) = everything(session, Card)
        assert card.section == "answer"

    # A mail is approved, sent once, and answered.
    message_id = approve_mail(installation, prospect_id)
    until(lambda: one_round(installation).sent or sent(installation, message_id), 20)
    until(lambda: kinds(installation).count("email_reply") or (one_round(installation), False)[1], 20)
    with store.reading() as session:
        message = session.get_one(Message, message_id)
        assert (message.state, message.tries) == ("sent", 1)
        assert place.mail.accepted[message.message_id] == 1
        reply = next(one for one in happened(session) if one.kind == "email_reply")
        assert (reply.prospect_id, reply.text) == (prospect_id, "Gladly. When?")
        assert reply.attributes["refers_to"] == [message.message_id]
        assert all(check.ok for check in doctor.invariants(session, datetime.now(UTC)))


def approve_mail(installation: Any, prospect_id: int) -> int:
    from prospector.outreach import drafts, template

    consequences = Consequences(installation)
    now = datetime.now(UTC)
    chosen = template.load(installation.template_path(), "intro")

    def work(session: Session) -> int:
        prospect = session.get_one(Prospect, prospect_id)
        desk = consequences.desk
        draft = drafts.compose(session, desk, chosen, prospect, occasion="hand:test", now=now)
        assert draft is not None
        assert drafts.is_approvable(draft), draft.problems
        outbox.approve(
            session,
            draft,
            user_id=None,
            domain="us.example",
            hold=installation.settings.file.outreach.hold,
            now=now,
        )
        return draft.id

    return installation.store.write(work)


def sent(installation: Any, message_id: int) -> bool:
    with installation.store.reading() as session:
        return session.get_one(Message, message_id).state == "sent"


def kinds(installation: Any) -> list[str]:
    with installation.store.reading() as session:
        return [one.kind for one in happened(session)]
