"""The two walks through pages, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import _forward, _walk
from prospector.sdk import Broken

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGES = st.lists(st.integers(0, 10_000), max_size=8)


def moments(minutes: list[int]) -> dict[str, datetime]:
    return {f"at://did:plc:a/x/{age}": NOW - timedelta(minutes=age) for age in minutes}


@given(ages=AGES)
def test_a_walk_survives_as_its_cursor(ages: list[int]) -> None:
    walk = _walk.advance(_walk.begin(None, NOW), moments(ages), "more", NOW)
    assert _walk.begin(_walk.write(walk), NOW) == walk


def test_a_cursor_of_another_version_is_a_first_look() -> None:
    assert _walk.begin("not ours", NOW) == _walk.begin(None, NOW)
    assert _forward.begin('{"pages": "many"}', NOW) == _forward.begin(None, NOW)


@given(first=AGES, second=AGES)
def test_the_mark_never_goes_back_nor_past_our_clock(first: list[int], second: list[int]) -> None:
    now = NOW + timedelta(minutes=5)
    one = _walk.rest(_walk.advance(_walk.begin(None, NOW), moments(first), None, NOW), NOW)
    two = _walk.rest(_walk.advance(_walk.begin(_walk.write(one), now), moments(second), None, now), now)
    assert one.mark is not None
    assert two.mark is not None
    assert one.mark <= two.mark <= now


def test_one_old_item_too_high_ends_no_walk() -> None:
    walk = _walk.advance(_walk.Walk(mark=NOW, began=NOW), moments([9_999, 1, 2]), "more", NOW)
    assert not _walk.arrived(walk, moments([9_999, 1, 2]).values())
    assert _walk.arrived(walk, moments([9_999, 9_998, 2]).values())


def test_some_empty_pages_are_the_end() -> None:
    walk = _walk.Walk(mark=NOW, began=NOW, next="more")
    for _ in range(_walk.MOST_IDLE):
        assert not _walk.arrived(walk, [])
        walk = _walk.advance(walk, {}, "more", NOW)
    assert _walk.arrived(walk, [])


def test_a_walk_goes_on_until_its_cursor_is_forgotten() -> None:
    walk = _walk.advance(_walk.Walk(mark=NOW, began=NOW), moments([1, 2]), "deep", NOW)
    cursor = _walk.write(walk)
    assert _walk.begin(cursor, NOW + timedelta(hours=3)) == walk
    assert _walk.late(walk, NOW + timedelta(hours=3))
    anew = _walk.begin(cursor, NOW + timedelta(hours=30))
    assert (anew.mark, anew.next, anew.pages) == (NOW, None, 0)


def test_a_walk_that_led_nowhere_begins_at_the_top() -> None:
    walk = _walk.Walk(mark=NOW, began=NOW, next="round", idle=_walk.MOST_IDLE, pages=4)
    with pytest.raises(Broken, match="4 pages without an end"):
        _walk.begin(_walk.write(walk), NOW + timedelta(minutes=1))
    assert _walk.begin(_walk.write(walk), NOW + timedelta(minutes=16)).next is None


def test_a_giant_cursor_is_not_kept() -> None:
    with pytest.raises(Broken, match="cursor"):
        _walk.advance(_walk.begin(None, NOW), {}, "x" * 3_000, NOW)


def test_missing_is_only_what_was_read_again() -> None:
    old = moments([10, 50])
    walk = _walk.Walk(mark=NOW, began=NOW, expected=old)
    walk = _walk.advance(walk, moments([5, 30]), "more", NOW)
    assert _walk.missing(walk) == (f"at://did:plc:a/x/{10}",)


@given(ages=AGES)
def test_a_stand_survives_as_its_cursor(ages: list[int]) -> None:
    items = [_forward.Item(str(age), NOW - timedelta(minutes=age), f"u{age}") for age in sorted(ages)]
    stand, _ = _forward.advance(_forward.begin(None, NOW), items, NOW)
    assert _forward.begin(_forward.write(stand), NOW) == stand


def test_the_next_walk_begins_behind_the_overlap() -> None:
    items = [_forward.Item(str(age), NOW - timedelta(minutes=age)) for age in (1, 30, 70, 90)]
    stand, arrived = _forward.advance(_forward.begin(None, NOW), items, NOW)
    assert arrived
    assert _forward.begin(_forward.write(_forward.rest(stand)), NOW).min_id == "70"


def young(count: int) -> list[_forward.Item]:
    return [_forward.Item(f"{count - n:03d}", NOW - timedelta(minutes=1)) for n in range(count)]


def test_a_full_page_that_ends_where_we_stood_is_not_the_last() -> None:
    """What is new may lie behind it."""
    stand = _forward.Stand(at="040", back="000", began=NOW)
    assert not _forward.advance(stand, young(40), NOW)[1]
    assert _forward.advance(_forward.Stand(at="005", back="000", began=NOW), young(5), NOW)[1]


def test_a_server_that_ignores_min_id_is_asked_no_third_time() -> None:
    stand, arrived = _forward.advance(_forward.Stand(at="000", back="000", began=NOW), young(40), NOW)
    assert not arrived
    assert _forward.advance(stand, young(40), NOW)[1]
