"""The day of return, as people write it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.mail.return_dates import returns

WRITTEN = date(2026, 11, 22)  # a Sunday
DAYS = st.dates(WRITTEN + timedelta(days=1), WRITTEN + timedelta(days=170))
MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("back on 2026-12-05", date(2026, 12, 5)),
        ("until Dec 5th", date(2026, 12, 5)),
        ("until the 5th of December, 2026", date(2026, 12, 5)),
        ("I am away from 1 to 5 December, back on 8 December", date(2026, 12, 8)),
        ("I am away until 4 December and will be back on Monday, December 7", date(2026, 12, 7)),
        ("On 7 December I will be back. I left on 20 November.", date(2026, 12, 7)),
        ("returning Monday", date(2026, 11, 23)),
        ("back next Friday", date(2026, 11, 27)),
        ("back tomorrow", date(2026, 11, 23)),
        ("until 3 January", date(2027, 1, 3)),
        ("until 12/05/2026 and then until 12/20/2026", date(2026, 12, 20)),
        ("vom 1. bis 5. Dezember", date(2026, 12, 5)),
        ("bis 05.12.", date(2026, 12, 5)),
        ("du 1er au 5 décembre", date(2026, 12, 5)),
        ("del 1 al 5 de diciembre", date(2026, 12, 5)),
        ("dal 1 al 5 dicembre", date(2026, 12, 5)),
        ("van 1 tot 5 december", date(2026, 12, 5)),
        ("de 1 a 5 de dezembro", date(2026, 12, 5)),
        ("od 1 do 5 grudnia", date(2026, 12, 5)),
        ("från 1 till 5 december", date(2026, 12, 5)),
        ("bis einschließlich Freitag, 04. Dezember 2026", date(2026, 12, 4)),
        ("back on Wednesday, 2 December 2026 at 09:00", date(2026, 12, 2)),
        ("absent jusqu'au vendredi 4 décembre. De retour le lundi 7.", date(2026, 12, 7)),
        ("OOO 12/1 - 12/5", date(2026, 12, 5)),
        ("until 05/12/2026", date(2026, 12, 5)),
        ("will return in March 2027", date(2027, 3, 1)),
        ("until 5pm today", None),
        ("I left on 20 November", None),
        ("call +1 555 12 05 or 10.12.14.16", None),
        ("back on 31 February", None),
        ("as soon as I can", None),
        ("our office opened on 5 December 2001", None),
    ],
)
def test_a_day_in_words(text, day):
    assert returns(text, WRITTEN) == day


@given(DAYS)
def test_every_form_means_the_same_day(day):
    forms = [
        f"back on {day:%Y-%m-%d}",
        f"back on {day.day} {MONTHS[day.month - 1]}",
        f"back on {MONTHS[day.month - 1]} {day.day}, {day.year}",
        f"zurück am {day:%d.%m.%Y}",
        f"de retour le {day.day:02}/{day.month:02}/{day.year}" if day.day > 12 else f"back {day:%Y/%m/%d}",
        f"{day.month}月{day.day}日に復帰",
    ]

    assert {returns(form, WRITTEN) for form in forms} == {day}


@given(st.text(max_size=500), st.dates(date(1995, 1, 1), date(2100, 1, 1)))
def test_a_return_lies_ahead_and_no_text_makes_it_raise(text, written):
    day = returns(text, written)

    assert day is None or written <= day <= written + timedelta(days=550)
