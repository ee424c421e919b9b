"""How a card reads: its length as a reader counts, and the mark of what is true of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from prospector.queue.leaving import Leaves
from prospector.web import finish, phrases
from prospector.web.finish import Decision

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


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
