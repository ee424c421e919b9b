from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.campaigning import SERIES, Campaigning
from tests.office import Office, office, sqlite_store

from prospector.campaigns import forecast, launch, listing
from prospector.campaigns.forecast import Waiting
from prospector.campaigns.outlook import days_in_words
from prospector.config import Window
from prospector.models import Account, Campaign

TUESDAY = date(2026, 11, 24)
OFFICE = Window(days=[2, 3, 4], start=time(8, 30), end=time(11, 30))


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def forty(mailbox: int, day: date) -> int:
    return 40


@pytest.mark.parametrize(
    ("people", "waits", "last"),
    [
        (40, (0,), "2026-11-24"),
        (41, (0,), "2026-11-25"),
        (121, (0,), "2026-12-01"),  # Tuesday to Thursday, then the next week
        (1, (0, 3), "2026-12-01"),  # Tuesday, three working days: Friday, which is no day of ours
        (40, (0, 1), "2026-11-25"),
        (0, (0,), None),
    ],
)
def test_caps_days_and_waits_make_the_last_day(people: int, waits: tuple[int, ...], last: str | None) -> None:
    found = forecast.last_day([Waiting(1, "GB", people, 1, TUESDAY)], waits, OFFICE, forty, TUESDAY)
    assert (found.isoformat() if found else None) == last


def test_holidays_of_the_country_are_left_out() -> None:
    eve = date(2026, 12, 24)  # a Thursday; then Christmas, a weekend, and in Britain a day for Boxing Day
    window = Window(days=[1, 2, 3, 4, 5])
    some = [Waiting(1, "GB", 41, 1, eve)]
    assert forecast.last_day(some, (0,), window, forty, eve) == date(2026, 12, 29)
    assert forecast.last_day(some, (0,), Window(days=[1, 2, 3, 4, 5], holidays=False), forty, eve) == (
        date(2026, 12, 25)
    )


@settings(max_examples=60, deadline=None)
@given(
    people=st.lists(st.integers(0, 90), min_size=1, max_size=4),
    waits=st.lists(st.integers(1, 5), max_size=3),
    cap=st.integers(12, 50),
)
def test_more_people_or_a_smaller_cap_never_end_sooner(people: list[int], waits: list[int], cap: int) -> None:
    def last(extra: int, cap: int) -> date | None:
        waiting = [Waiting(1, None, number + extra, 1, TUESDAY) for number in people]
        return forecast.last_day(waiting, (0, *waits), OFFICE, lambda *_: cap, TUESDAY)

    plain, more, slower = last(0, cap + 1), last(1, cap + 1), last(0, cap)
    if plain is not None:
        assert more is not None
        assert slower is not None
        assert more >= plain
        assert slower >= plain


def test_nothing_leaves_where_no_day_is_open_or_nothing_may_be_sent() -> None:
    some = [Waiting(1, None, 1, 1, TUESDAY)]
    assert forecast.last_day(some, (0,), Window(days=[]), forty, TUESDAY) is None
    assert forecast.last_day(some, (0,), OFFICE, lambda *_: 0, TUESDAY) is None


def test_as_many_fit_into_the_hours_as_the_gap_allows() -> None:
    assert forecast.fits(OFFICE, timedelta(0)) is None
    assert forecast.fits(OFFICE, timedelta(minutes=30)) == 5  # three hours of 39 minutes each, and the first
    assert forecast.fits(Window(always=True), timedelta(hours=1)) == 19


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([2, 3, 4], "Tuesday to Thursday"),
        ([1, 5], "Monday and Friday"),
        ([1, 3, 5], "Monday, Wednesday and Friday"),
        ([6], "Saturday"),
        ([], "on no day"),
    ],
)
def test_days_are_said_as_people_say_them(days: list[int], words: str) -> None:
    assert days_in_words(days) == words


def test_the_schedule_is_said_in_words_with_the_last_day(place: Office) -> None:
    campaign = Campaigning(place, SERIES, schedule={"days": [2, 3, 4], "start": "08:30", "end": "11:30"})
    people = [place.person(name) for name in ("anna", "ben", "carl")]
    campaign.started(*people)
    campaign.send()
    with place.store.reading() as session:
        row = session.get_one(Campaign, campaign.id)
        said = launch.schedule_in_words(session, place.installation.settings, row, place.now)
    assert said.words == (
        "Tuesday to Thursday, 08:30 to 11:30 their time, not on public holidays, at most 10 a day from mail"
    )
    # Three leave today, a Tuesday; three working days later it is Friday, so Tuesday; then Thursday.
    assert said.last == "the last one leaves Thu 3 Dec"
    assert "answers" in said.without


def test_a_mailbox_without_a_ramp_is_said_with_its_whole_cap(place: Office) -> None:
    campaign = Campaigning(place, SERIES[:1], schedule={"daily_cap": 7})
    mailbox = place.installation.account_ids["mail"]
    place.change(Account, mailbox, first_sent_on=datetime(2026, 1, 1, tzinfo=UTC))
    with place.store.reading() as session:
        row = session.get_one(Campaign, campaign.id)
        said = launch.schedule_in_words(session, place.installation.settings, row, place.now)
    assert said.words.endswith("at most 40 a day from mail, 7 in all")
    assert (said.last, said.without) == ("", "")


def test_the_state_is_said_in_words(place: Office) -> None:
    def words() -> str:
        with place.store.reading() as session:
            row = session.get_one(Campaign, campaign.id)
            return listing.row(session, place.installation.settings, row, place.now).words

    campaign = Campaigning(place)
    assert words() == "draft"
    people = [place.person(name) for name in ("anna", "ben")]
    campaign.add(*people)
    assert words() == "draft: 2 without drafts"
    campaign.started(*people)
    assert words() == "sending, 2 left today"
    campaign.send()
    assert words() == "sending, 1 left today"
    place.now = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    assert words() == "held: window opens Wed 08:30"
    campaign.write(lambda session, one: launch.pause(session, one, "Ana: wait", place.now))
    assert words() == "paused: Ana: wait"
    campaign.write(lambda session, one: launch.finish(session, one, place.now))
    assert words() == "over"
