from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office import START

from prospector.models import Engagement
from prospector.outreach.pauses import AWAY, LONGEST, absence, is_soft


def test_the_day_after_the_return_is_the_first_to_write_on() -> None:
    found = absence("2026-12-07", START)
    assert (found.until.isoformat(), found.why) == (
        "2026-12-08T00:00:00+00:00",
        "out of office until 2026-12-07",
    )


@given(st.text(max_size=20) | st.dates().map(str) | st.datetimes().map(lambda at: at.isoformat()))
def test_whatever_they_write_the_pause_is_bounded(text: str) -> None:
    found = absence(text, START)
    assert START < found.until <= START + LONGEST


def test_without_a_date_it_is_a_week() -> None:
    assert absence("", START).until == START + AWAY == START + timedelta(days=7)


@pytest.mark.parametrize(
    ("kind", "attributes", "soft"),
    [
        ("bounce", {"status": "4.2.2", "hard": False}, True),
        ("bounce", {"status": "5.2.2"}, True),
        ("bounce", {"status": "5.1.1", "hard": True}, False),
        ("bounce", {"status": "5.7.1"}, False),
        ("auto_reply", {}, False),
    ],
)
def test_which_bounces_may_pass(kind: str, attributes: dict[str, object], soft: bool) -> None:
    bounce = Engagement(key="k", channel="email", kind=kind, at=START, seen_at=START, attributes=attributes)
    assert is_soft(bounce) is soft
