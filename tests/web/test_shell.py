"""The frame: what is wrong enough for every page, the numbers beside the pages, and that it lives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.office import START
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.models import Account, Message
from prospector.web.kept import Kept


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        for one in made.place.rows(Account):
            made.place.change(Account, one.id, polled_at=START, next_poll_at=START + timedelta(minutes=2))
        yield made


def test_all_is_well_and_says_nothing(desk: Desk) -> None:
    page = desk.ana.get("/outbox").text
    assert "note bad" not in page
    assert 'class="dot good" title="working"' in page


def test_a_blind_source_stands_on_every_page_with_who_is_missing(desk: Desk) -> None:
    desk.place.person("anna")
    bluesky = desk.place.one(Account, name="bluesky")
    desk.place.change(Account, bluesky.id, paused_why=HOSTILE, failing_since=START - timedelta(hours=2))
    for path in ("/queue", "/outbox", "/replies", "/sources", "/status"):
        page = desk.ana.get(path).text
        unharmed(page)
        assert "bluesky has been paused since 07:00." in page
        assert "New posts of 1 person are missing." in page
        assert f'href="/sources#source-{bluesky.id}"' in page


def test_a_stopped_worker_stands_on_every_page_and_in_what_a_page_asks_for(desk: Desk) -> None:
    for one in desk.place.rows(Account):
        desk.place.change(
            Account, one.id, polled_at=START - timedelta(hours=1), next_poll_at=START - timedelta(minutes=58)
        )
    assert "Stopped since 08:00." in desk.ana.get("/queue").text
    live = desk.ana.get("/live?page_name=outbox", headers={"HX-Request": "true"}).text
    assert "Stopped since 08:00." in live
    assert "<html" not in live
    assert re.findall(r'id="(live|pages|banners)"', live) == ["live", "pages", "banners"]
    assert live.count('hx-swap-oob="morph"') == 2
    assert re.findall(r'data-act="(go-\w+)" aria-current="page"', live) == ["go-outbox"]


def test_the_page_asks_for_what_changes_by_itself(desk: Desk) -> None:
    page = desk.ana.get("/outbox").text
    assert 'hx-get="/live?page_name=outbox" hx-trigger="every 15s" hx-swap="morph"' in page


def test_a_page_that_is_none_is_not_repeated(desk: Desk) -> None:
    live = desk.ana.get('/live?page_name="><script>alert(1)</script>').text
    assert "alert(1)" not in live


def test_the_outbox_line_counts_what_waits_and_what_is_left(desk: Desk) -> None:
    id_ = desk.place.approved(desk.place.person("anna"))
    desk.place.change(Message, id_, send_at=START + timedelta(minutes=42))
    page = desk.ana.get("/queue").text
    assert "<b>Outbox 1</b>, next 09:42<br>10 of 10 mails left" in page
    assert "<b>Outbox 0</b>" in desk.rep.get("/queue").text


def test_the_number_beside_the_queue_follows_each_decision(desk: Desk) -> None:
    place = desk.place
    place.follow(place.seen("reply", place.person("anna")))
    assert 'Queue<span class="n hot">1</span>' in desk.ana.get("/outbox").text
    place.follow(place.seen("reply", place.person("bert"), object="at://bert"))
    place.later(seconds=1)
    assert "Queue<span" not in desk.rep.get("/outbox").text


def test_what_is_kept_is_made_anew_when_its_time_is_over() -> None:
    now, made = [0.0], iter(range(10))
    kept = Kept(lambda: now[0])
    assert [kept.get("a", 5, lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    now[0] = 5.0
    assert kept.get("a", 5, lambda: next(made)) == 1
    kept.forget()
    assert kept.get("a", 5, lambda: next(made)) == 2
