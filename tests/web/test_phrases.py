"""How a card reads: its length as a reader counts, and the mark of what is true of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.queue.leaving import Leaves
from prospector.web import finish, phrases
from prospector.web.finish import Decision

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("👩‍👩‍👧‍👦", 1),
        ("👍🏽", 1),
        ("🇵🇹🇵🇱", 2),
        ("1️⃣", 1),
        ("a\r\nb", 3),
        ("2.7 % ✓", 7),
    ],
)
def test_a_text_is_as_long_as_its_reader_counts(text: str, count: int) -> None:
    assert phrases.graphemes(text) == count


@given(st.text(st.characters(codec="ascii"), max_size=60).filter(lambda text: "\r\n" not in text))
def test_plain_letters_count_one_each(text: str) -> None:
    assert phrases.graphemes(text) == len(text)


@given(st.text(max_size=60))
def test_no_text_is_longer_than_its_code_points(text: str) -> None:
    assert 0 <= phrases.graphemes(text) <= len(text)


def test_when_a_text_leaves() -> None:
    zone = ZoneInfo("Europe/Lisbon")
    assert phrases.leaves(Leaves(NOW + timedelta(minutes=42), "", "hold"), NOW, zone) == "Sends 09:42"
    gap = Leaves(NOW + timedelta(days=1), "after the gap to the one before", "gap")
    assert phrases.leaves(gap, NOW, zone) == "Sends Wed 09:00, after the gap to the one before"
    assert phrases.leaves(Leaves(None, "the account may send none", "cap"), NOW, zone) == (
        "Cannot leave: the account may send none"
    )


def test_the_town_of_a_clock() -> None:
    assert phrases.place(NOW.astimezone(ZoneInfo("America/Sao_Paulo"))) == "Sao Paulo"


def test_a_day_is_summed_up_in_a_sentence() -> None:
    def one(sort: str, minutes: float) -> Decision:
        return Decision(sort, NOW, NOW + timedelta(minutes=minutes))

    day = [one("approved", 2), one("approved", 1), one("dismissed", 0.5), one("snoozed", 700)]
    assert finish.summary(day) == "2 approved, 1 dismissed, 1 snoozed. 14 minutes."
    assert finish.summary([Decision("done", None, NOW)]) == "1 done. Less than a minute."
    assert finish.summary([]) == ""
