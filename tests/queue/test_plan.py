"""The finite day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.queue.plan import SECONDS, Item, Pace, act_of, pace, plan, seconds_for
from prospector.queue.rank import Section

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


def card(
    id: int, priority: int = 50, section: Section = Section.FRESH, act: str = "comment", **more: datetime
) -> Item:
    return Item(id, priority, section, act, NOW - timedelta(hours=id), **more)


def ids(items: tuple[Item, ...]) -> list[int]:
    return [item.id for item in items]


def test_the_day_is_filled_by_priority_until_the_minutes_are_full() -> None:
    day = plan([card(1, 10), card(2, 30), card(3, 20)], 2, {}, NOW)
    assert (ids(day.today), ids(day.more), day.seconds) == ([2, 3], [1], 120)


def test_answers_and_checks_are_always_in_and_use_the_minutes_first() -> None:
    cards = [card(n, 40, Section.ANSWER, "answer") for n in (1, 2, 3)]
    day = plan([*cards, card(4, 44, Section.CHECK, "mail"), card(5, 99)], 2, {}, NOW)
    assert ids(day.today) == [4, 3, 2, 1]
    assert ids(day.more) == [5]
    assert day.seconds == 345


def test_nothing_of_lower_priority_overtakes_what_did_not_fit() -> None:
    day = plan([card(1, 50, act="call"), card(2, 10, act="like")], 4, {}, NOW)
    assert (ids(day.today), ids(day.more)) == ([], [1, 2])


def test_sections_stand_in_their_order_and_ties_by_age_then_id() -> None:
    cards = [
        card(1, 90),
        card(2, 40, Section.ANSWER, "answer"),
        card(3, 80, Section.FOLLOW_UP, "mail"),
        card(4, 90),
    ]
    assert ids(plan(cards, 60, {}, NOW).today) == [2, 4, 1, 3]


def test_snoozed_and_expired_cards_are_left_out() -> None:
    second = timedelta(seconds=1)
    cards = [
        card(1, wakes_at=NOW),
        card(2, wakes_at=NOW + second),
        card(3, expires_at=NOW),
        card(4, expires_at=NOW + second),
    ]
    day = plan(cards, 60, {}, NOW)
    assert ids(day.today + day.more) == [4, 1]


def test_the_usual_times() -> None:
    assert dict(SECONDS) == {"answer": 90, "comment": 60, "like": 10, "mail": 75, "call": 300}


def test_own_times_count_after_fifty_decisions() -> None:
    assert seconds_for("mail", {"mail": Pace(20.0, 49)}) == 75
    assert seconds_for("mail", {"mail": Pace(20.0, 50)}) == 20
    assert pace([10, 90, 20]) == Pace(20, 3)
    assert pace([]) == Pace(0.0, 0)
    day = plan([card(n) for n in range(1, 10)], 1, {"comment": Pace(12.0, 80)}, NOW)
    assert len(day.today) == 5


@pytest.mark.parametrize(
    ("action", "section", "act"),
    [
        ("reply", Section.FRESH, "comment"),
        ("reply", Section.ANSWER, "answer"),
        ("email", Section.ANSWER, "answer"),
        ("email", Section.FOLLOW_UP, "mail"),
        ("call", Section.FOLLOW_UP, "call"),
        ("like", Section.FRESH, "like"),
        (None, Section.ANSWER, "answer"),
        (None, Section.FRESH, "like"),
    ],
)
def test_the_act_follows_from_the_draft(action: str | None, section: Section, act: str) -> None:
    assert act_of(action, section) == act


items = st.lists(
    st.builds(
        card,
        id=st.integers(1, 500),
        priority=st.integers(0, 134),
        section=st.sampled_from(Section),
        act=st.sampled_from(sorted(SECONDS)),
    ),
    max_size=40,
    unique_by=lambda item: item.id,
)


@settings(deadline=None)
@given(items, st.integers(0, 120))
def test_every_card_is_in_one_part_and_the_day_is_finite(cards: list[Item], minutes: int) -> None:
    day = plan(cards, minutes, {}, NOW)
    assert sorted(ids(day.today + day.more)) == sorted(item.id for item in cards)
    assert all(item.section not in (Section.ANSWER, Section.CHECK) for item in day.more)
    optional = [item for item in day.today if item.section not in (Section.ANSWER, Section.CHECK)]
    assert not optional or day.seconds <= minutes * 60
    assert max((item.priority for item in day.more), default=0) <= min(
        (item.priority for item in optional), default=134
    )
