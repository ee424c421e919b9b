from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prospector.polling.coverage import Coverage, horizon

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
times = st.integers(0, 500).map(lambda hours: NOW - hours * HOUR)
sources = st.builds(Coverage, st.none() | times, st.none() | times)


def test_by_hand_alone_has_the_clock() -> None:
    assert horizon(None, [], NOW) == NOW


def test_nothing_is_known_before_the_first_complete_look() -> None:
    assert horizon(None, [Coverage(None)], NOW) is None


def test_the_least_covered_source_counts() -> None:
    assert horizon(None, [Coverage(NOW), Coverage(NOW - HOUR)], NOW) == NOW - HOUR


def test_a_source_joins_with_its_first_complete_look() -> None:
    assert horizon(None, [Coverage(NOW), Coverage(None)], NOW) == NOW


def test_what_fails_for_more_than_72_hours_is_left_out() -> None:
    stuck = NOW - 73 * HOUR
    just = Coverage(stuck, NOW - 72 * HOUR)
    longer = Coverage(stuck, NOW - 72 * HOUR - timedelta(seconds=1))
    assert horizon(None, [Coverage(NOW), just], NOW) == stuck
    assert horizon(None, [Coverage(NOW), longer], NOW) == NOW


def test_where_everything_fails_nothing_is_concluded() -> None:
    stored = NOW - 100 * HOUR
    assert horizon(stored, [Coverage(NOW - 90 * HOUR, NOW - 80 * HOUR)], NOW) == stored


@given(st.none() | times, st.lists(sources, max_size=4))
def test_never_lowered_and_never_beyond_what_somebody_covered(
    stored: datetime | None, given_sources: list[Coverage]
) -> None:
    found = horizon(stored, given_sources, NOW)
    if stored is not None:
        assert found is not None
        assert found >= stored
    if found is not None and found != stored and given_sources:
        assert found in {source.covered_until for source in given_sources}


@given(st.lists(sources, min_size=1, max_size=4), st.randoms())
def test_the_order_of_the_sources_does_not_matter(given_sources: list[Coverage], dice: object) -> None:
    shuffled = list(given_sources)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert horizon(None, shuffled, NOW) == horizon(None, given_sources, NOW)
