"""Times learned from a rep's own decisions."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from prospector.queue.paces import paces
from prospector.queue.plan import SECONDS, Pace


def test_who_was_called_away_counts_ten_minutes() -> None:
    took = [timedelta(seconds=20), timedelta(hours=3), timedelta(hours=4)]
    assert paces(("mail", one) for one in took) == {"mail": Pace(600.0, 3)}
    assert paces([]) == {}


@given(st.lists(st.tuples(st.sampled_from(sorted(SECONDS)), st.timedeltas())))
def test_every_pace_lies_between_two_seconds_and_ten_minutes_and_what_took_less_does_not_count(
    decisions: list[tuple[str, timedelta]],
) -> None:
    found = paces(decisions)
    assert sum(pace.decisions for pace in found.values()) == sum(
        took >= timedelta(seconds=2) for _, took in decisions
    )
    assert all(2 <= pace.seconds <= 600 for pace in found.values())
