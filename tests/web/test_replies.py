"""Replies as a page and over the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.signed import program, token
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.models import Card, Engagement, Suppression

HX = {"HX-Request": "true"}


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def answered(desk: Desk, kind: str = "reply", **more: Any) -> int:
    place = desk.place
    place.follow(place.seen(kind, place.person("anna"), **{"text": HOSTILE, **more}))
    return next(one.id for one in place.happened() if one.kind == kind)


def by_mail(desk: Desk, kind: str) -> int:
    given = {"channel": "email", "actor": "anna@anna.example", "attributes": {"dmarc": True}}
    return answered(desk, kind, **given)


def test_nobody_has_answered_yet(desk: Desk) -> None:
    assert "Nobody has answered yet." in desk.ana.get("/replies").text
    assert "Clear the filter" in desk.ana.get("/replies?kind=bounces").text


def test_what_they_wrote_is_text_and_what_follows_is_said(desk: Desk) -> None:
    answered(desk)
    page = desk.ana.get("/replies").text
    unharmed(page)
    assert "stops the follow-ups" in page
    assert page.count('class="btn pri"') == 1


def test_an_answer_is_corrected_and_the_correction_undone(desk: Desk) -> None:
    id_ = by_mail(desk, "unsubscribe")
    assert "never written to again" in desk.ana.get("/replies").text
    done = desk.ana.post(f"/replies/{id_}/classify", data={"to": "email_reply"})
    assert (done.status_code, done.headers["location"]) == (303, f"/replies#reply-{id_}")
    assert desk.place.rows(Suppression) == []
    page = desk.ana.get("/replies").text
    assert "It was read as “Asks not to be written to”; Admin Sommer changed that" in page
    back = desk.ana.post(f"/replies/{id_}/classify", data={"to": "unsubscribe"}, headers=HX)
    assert back.status_code == 200
    assert "<html" not in back.text
    assert len(desk.place.rows(Suppression)) == 2
    assert "It was read as" not in back.text


def test_what_cannot_be_read_so_changes_nothing(desk: Desk) -> None:
    id_ = answered(desk)
    refused = desk.ana.post(f"/replies/{id_}/classify", data={"to": "bounce"})
    assert refused.status_code == 409
    assert desk.place.one(Engagement, id=id_).kind == "reply"


def test_answer_opens_the_card(desk: Desk) -> None:
    id_ = answered(desk)
    led = desk.ana.post(f"/replies/{id_}/answer")
    assert led.headers["location"] == f"/queue/{desk.place.one(Card).id}"


def test_somebody_elses_replies_are_not_there(desk: Desk) -> None:
    id_ = answered(desk)
    assert "Anna" not in desk.rep.get("/replies").text
    assert desk.rep.post(f"/replies/{id_}/classify", data={"to": "unsubscribe"}).status_code == 404
    assert desk.rep.post(f"/replies/{id_}/answer").status_code == 404
    assert desk.place.rows(Suppression) == []


def test_the_number_beside_replies_goes_when_they_were_seen(desk: Desk) -> None:
    answered(desk)
    assert '/replies" data-act="go-replies">' in desk.ana.get("/outbox").text.replace("\n", "")
    assert 'Replies<span class="n">1</span>' in desk.ana.get("/outbox").text
    desk.ana.get("/replies")
    assert 'Replies<span class="n">1</span>' not in desk.ana.get("/outbox").text


def test_a_program_reads_and_corrects_under_the_same_names(desk: Desk) -> None:
    id_ = by_mail(desk, "email_reply")
    api = program(desk.app, token(desk.place.store, 1, "api"))
    (row,) = api.get("/api/replies").json()["replies"]
    assert (row["id"], row["who"], row["kind"]) == (id_, "Anna Weber", "email_reply")
    read = api.post(f"/api/replies/{id_}/classify", json={"to": "auto_reply"}).json()
    assert (read["kind"], read["was"]) == ("auto_reply", "email_reply")
    assert api.post(f"/api/replies/{id_}/classify", json={"to": "nonsense"}).status_code == 409
    assert api.post("/api/replies/999/classify", json={"to": "auto_reply"}).status_code == 404
    assert api.get("/api/replies?after=nowhere").status_code == 422
