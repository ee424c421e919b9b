from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from prospector.engagements import LONGEST_TEXT, Entry, log, retract, row_of
from prospector.models import Engagement
from prospector.sdk import Seen
from prospector.store import Store
from tests.office import START, Office, office


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def entry(object_: str = "at://1", at: datetime | None = START, kind: str = "post", **more: object) -> Entry:
    return Entry("bluesky", Seen(kind, "did:a", object_, at, **more), START, None)  # type: ignore[arg-type]


def logged(place: Office, *entries: Entry) -> list[str]:
    return place.write(lambda session: [one.object for one in log(session, entries)])


def test_the_same_thing_is_logged_once_however_often_it_is_seen(place: Office) -> None:
    assert logged(place, entry("at://1"), entry("at://2"), entry("at://1")) == ["at://1", "at://2"]
    assert logged(place, entry("at://2"), entry("at://3")) == ["at://3"]
    assert logged(place) == []
    assert len(place.rows(Engagement)) == 3


def test_a_reply_in_their_feed_and_in_our_inbox_is_one_and_two_kinds_of_acts_are_two(place: Office) -> None:
    seen = [entry("at://1", kind="post"), entry("at://1", kind="reply")]
    assert len({row_of(one)["key"] for one in seen}) == 1
    acts = [entry("at://1", kind="like"), entry("at://1", kind="repost")]
    assert len({row_of(one)["key"] for one in acts}) == 2


def test_what_is_new_comes_oldest_first(place: Office) -> None:
    times = {"at://b": START - timedelta(hours=1), "at://a": START, "at://c": START - timedelta(days=1)}
    assert logged(place, *(entry(name, at) for name, at in times.items())) == ["at://c", "at://b", "at://a"]


@pytest.mark.parametrize(
    "at",
    [
        None,
        datetime(2026, 11, 24, 9, 0),
        datetime(1999, 12, 31, tzinfo=UTC),
        START + timedelta(seconds=301),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
    ],
)
def test_a_time_that_cannot_be_true_becomes_that_of_the_look(at: datetime | None) -> None:
    row = row_of(entry(at=at))
    assert (row["at"], row["at_estimated"]) == (START, True)


@given(st.integers(-14 * 60, 14 * 60), st.integers(-1000, 300))
def test_times_are_whole_seconds_in_utc(offset: int, seconds: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    at = (START + timedelta(seconds=seconds, microseconds=123)).astimezone(zone)
    row = row_of(entry(at=min(at, START + timedelta(seconds=300))))
    assert row["at"].tzinfo is UTC
    assert row["at"].microsecond == 0
    assert abs(row["at"] - at) < timedelta(seconds=1)


def test_any_text_can_be_stored(place: Office) -> None:
    hostile = ["a\x00b", "\ud800", "\u202e\u0000", "x" * (LONGEST_TEXT + 5), "'; DROP TABLE engagement; --"]
    logged(place, *(entry(f"at://{n}", text=text, actor_name=text) for n, text in enumerate(hostile)))
    stored = [one.text for one in place.rows(Engagement)]
    assert stored[0] == "ab"
    assert "\ud800" not in stored[1]
    assert len(stored[3]) == LONGEST_TEXT
    assert stored[4] == hostile[4]


def test_what_is_retracted_loses_its_words_once(place: Office) -> None:
    person = place.person()

    def write(session: Session) -> list[list[int]]:
        log(session, [place.seen("post", person, object="at://1", text="secret", url="https://x.example")])
        later = place.now + timedelta(hours=1)
        return [
            retract(session, "bluesky", ["at://1", "at://never"], later),
            retract(session, "bluesky", ["at://1"], later + timedelta(hours=1)),
            retract(session, "mastodon", ["at://1"], later),
            retract(session, "bluesky", [], later),
        ]

    assert place.write(write) == [[person], [], [], []]
    (post,) = place.happened()
    assert (post.text, post.url, post.retracted_at) == ("", None, place.now + timedelta(hours=1))
