"""What a rep is told and when: once a day, at most one notice a minute, and never more than was asked."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.queue.workday import instant
from prospector.team import digest
from prospector.team.digest import Answer, Morning, Waiting, Wishes

HOME = "https://prospector.example"
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
zones = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Tokyo", "America/Lima")])
starts = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))


@given(zones, starts, st.lists(st.integers(1, 90), min_size=1, max_size=400))
def test_one_digest_a_working_day_within_four_hours_of_its_start(
    zone: ZoneInfo, start: time, minutes: list[int]
) -> None:
    """Whenever the clock rings: never two of one day, none late, none at the weekend."""
    now, last, told = MONDAY, None, []
    for step in minutes:
        now += timedelta(minutes=step)
        begun = digest.digest_due(last, now, zone, start, away=False)
        if begun is not None:
            assert begun <= now < begun + digest.CATCH_UP
            assert begun == instant(begun.astimezone(zone).date(), start, zone)
            last = now
            told.append(begun)
    assert len(told) == len(set(told))
    assert all(begun.astimezone(zone).weekday() < 5 for begun in told)


def test_the_digest_comes_at_the_start_and_not_while_away() -> None:
    def due(
        hour: int, minute: int = 0, day: int = 24, last: datetime | None = None, away: bool = False
    ) -> bool:
        now = datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)
        return digest.digest_due(last, now, BERLIN, time(7), away) is not None

    assert [due(6, 59), due(7), due(10, 59), due(11)] == [False, True, True, False]
    assert not due(8, last=datetime(2026, 11, 24, 7, 0, 1, tzinfo=BERLIN))
    assert due(8, last=datetime(2026, 11, 23, 10, tzinfo=BERLIN))
    assert not due(8, away=True)
    assert not due(8, day=22)


@given(st.lists(st.integers(1, 100), max_size=100))
def test_windows_of_answers_lie_end_to_end_and_a_minute_apart(steps: list[int]) -> None:
    now, last = MONDAY, MONDAY
    for seconds in steps:
        now += timedelta(seconds=seconds)
        if (window := digest.window(last, now)) is not None:
            since, until = window
            assert since == last
            assert until - last >= digest.EVERY
            assert until == now - digest.SETTLED
            last = until


def test_nothing_old_is_told() -> None:
    now = MONDAY
    assert digest.window(None, now) == (now - digest.SETTLED, now - digest.SETTLED)
    since, _ = digest.window(now - timedelta(days=30), now) or (None, None)
    assert since == now - digest.STALE


def test_the_morning_in_words() -> None:
    told = Morning(
        "Ana",
        (("Check", 0), ("Answer first", 2), ("Fresh today", 7)),
        (Waiting("Bob Weber", "Weber AG", ("Replied", "They asked a question")), Waiting("Kim", None, ())),
        ("Jonas", "Mia"),
        (("bluesky", "401"),),
    )
    notice = digest.morning(told, HOME)
    assert notice.title == "9 cards today"
    assert notice.body.splitlines() == [
        "Good morning Ana.",
        "Answer first: 2, Fresh today: 7",
        "1. Bob Weber, Weber AG: Replied, They asked a question",
        "2. Kim",
        "You cover for Jonas and Mia.",
        "bluesky is paused: 401",
        "https://prospector.example/queue",
    ]
    assert digest.morning(Morning("Ana", (("Check", 0),)), HOME).title == "Nothing is waiting today"


def answer(number: int = 0, **more: str) -> Answer:
    return Answer(**{"name": f"P{number}", "company": "W", "kind": "reply", "channel": "bluesky", **more})


def test_a_notice_has_the_text_only_where_it_was_asked_for() -> None:
    one = answer(kind="email_reply", channel="email", text="Our secret budget\nis 5")
    bare, full = (digest.answers([one], HOME, with_text) for with_text in (False, True))
    assert bare.title == full.title == "P0 answered by mail"
    assert bare.body.splitlines() == ["P0, W answered by mail (email)", f"{HOME}/queue"]
    assert full.body.splitlines()[0] == "P0, W answered by mail (email): “Our secret budget is 5”"


def test_many_answers_are_one_notice() -> None:
    notice = digest.answers([answer(number) for number in range(12)], HOME, False)
    assert notice.title == "12 answers"
    assert len(notice.body.splitlines()) == digest.LISTED + 2
    assert "and 2 more" in notice.body


@given(st.text(), st.text(), st.text())
def test_hostile_words_stay_on_their_line(name: str, company: str, text: str) -> None:
    notice = digest.answers([Answer(name, company, "reply", "x", text)], HOME, True)
    assert len(notice.body.split("\n")) == 2
    assert all(c.isprintable() for c in notice.title + notice.body.replace("\n", ""))


@pytest.mark.parametrize("stored", [{}, {"digest": None}, {"failed": {"x": {}}}])
def test_wishes_are_none_unless_they_are_chosen(stored: dict[str, object]) -> None:
    assert digest.wishes_of(stored) == Wishes()
    chosen = Wishes(("phone",), ("phone", "mail"), True)
    assert digest.wishes_of(chosen.as_json()) == chosen
