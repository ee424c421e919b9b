"""Those who go on living: every kind of act, by people who can do it, and never ahead of time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

from prospector.mail import classify
from prospector.sandbox import life, town
from prospector.sandbox.life import Life, do, next_act
from prospector.sandbox.mail import Delivery

NOW = datetime.now(UTC)
TOWN = town.found(NOW - timedelta(seconds=1), 7, "http://127.0.0.1:9")
SENT = (
    b"From: Robin <robin@tidewater.example>\r\nTo: %s\r\nSubject: Hello\r\n"
    b"Message-ID: <1@tidewater.example>\r\n\r\nHi\r\n"
)


def acts(seed: int, count: int) -> list[life.Act]:
    dice = random.Random(seed)
    return [next_act(number, TOWN.living, dice) for number in range(count)]


def test_the_opening_shows_every_kind():
    assert tuple(act.kind for act in acts(1, len(life.OPENING))) == life.OPENING
    assert set(life.KINDS) <= set(life.OPENING)


def test_the_same_dice_give_the_same_life():
    assert acts(3, 100) == acts(3, 100)
    assert acts(3, 100) != acts(4, 100)


def test_forty_live_on_and_six_of_them_wait_for_a_mail():
    assert len({one.number for one in TOWN.living}) == town.LIVING
    assert all(one.email for one in TOWN.nudged)
    assert TOWN.away != TOWN.unreachable


def test_what_they_do_is_in_the_worlds_and_not_in_the_future():
    before = len(TOWN.bluesky.world.records) + len(TOWN.mastodon.world.statuses)
    for act in acts(5, 60):
        do(act, TOWN.places[act.person.platform])
    now = datetime.now(UTC)
    assert len(TOWN.bluesky.world.records) + len(TOWN.mastodon.world.statuses) > before
    assert all(record.seen_at <= now for record in TOWN.bluesky.world.records.values())
    assert all(status.at <= now for status in TOWN.mastodon.world.statuses.values())
    assert all(post.at <= now for blog in TOWN.feeds.blogs.values() for post in blog.posts)


def kind_of_answer(person) -> str:
    raw = SENT % person.email.encode()
    delivery = Delivery(TOWN.mail, town.ADDRESS, person.email, raw)
    answer = Life(TOWN, 1)._answer_to(delivery, person)
    sent_at = message_from_bytes(answer, policy=policy.default)["Date"].datetime
    assert sent_at <= datetime.now(UTC)
    return classify(answer, NOW, lambda one: True).kind


def test_a_mail_gets_an_answer_a_vacation_notice_or_a_bounce():
    assert kind_of_answer(TOWN.nudged[0]) == "reply"
    assert kind_of_answer(TOWN.away) == "auto_reply"
    assert kind_of_answer(TOWN.unreachable) == "bounce"
