"""When an absent person says that they are back: a date in words or numbers, in many languages.

`returns(text, written)` reads it with the day on which the mail was written, which gives the year
where none is said and the week where only a weekday is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from prospector.mail.phrases import alternatives, numbers

_LONGEST = 4_000
_FARTHEST = timedelta(days=550)

_MONTH = numbers("months")
_WEEKDAY = numbers("weekdays")
_TOMORROW = alternatives("cues", "tomorrow")


def _either(names: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|ª|\.|:nde|:a|:e)?"
_YEAR = r"(?:,? ?(?:de |of |del )?(?P<year>(?:19|20)\d\d))?(?!\d)"
_FORMS = [
    re.compile(r"(?<!\d)(?P<year>20\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?:(?P<year>20\d\d)\s?年\s?)?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]"),
    re.compile(r"(?<![\d.])(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\.(?: ?(?P<year>(?:20)?\d\d)(?![\d:]))?"),
    re.compile(
        r"(?<![\d/.-])(?P<day>\d{1,2})(?P<sep>[/-])(?P<month>\d{1,2})(?:(?P=sep)(?P<year>(?:20)?\d\d))?(?![\d/-])"
    ),
    re.compile(r"(?<![\d/.-])(?P<day>\d{1,2})\.(?P<month>\d{1,2})(?![\d.,:%€$])"),
    re.compile(rf"(?<!\d){_DAY} (?:of |de |d')?(?P<name>{_either(_MONTH)})\b\.?{_YEAR}", re.I),
    re.compile(rf"\b(?P<name>{_either(_MONTH)})\.? (?:the )?{_DAY}(?![\d:])\b{_YEAR}", re.I),
]
_MONTH_ALONE = re.compile(rf"\b(?P<name>{_either(_MONTH)})\.? (?:de )?(?P<year>20\d\d)\b", re.I)
_RELATIVE = re.compile(
    rf"\b(?:(?P<weekday>{_either(_WEEKDAY)})(?:,? (?:the |le |den |dem )?(?P<day>\d{{1,2}})(?![\d:/]|\.\d))?"
    rf"|(?P<next>{_TOMORROW}))\b",
    re.I,
)

# What stands before the day of return, and what before the last day away. Languages without
# spaces have no edges of words.
_EDGE = r"(?:\b|(?<=[\u3040-\u9fff\uac00-\ud7af]))"
_BACK = re.compile(rf"{_EDGE}{alternatives('cues', 'back')}(?:\b|(?=[\u3040-\u9fff]))", re.I)
_UNTIL = re.compile(rf"\b{alternatives('cues', 'until')}\b|[-–—]|まで|至", re.I)


# A full stop after a number or an abbreviation ends no sentence.
_SENTENCE_END = re.compile(r"[!?。]|(?<=[a-zà-ÿа-я]{3})\. ")


@dataclass(frozen=True, slots=True)
class _Found:
    day: date
    start: int
    end: int


def returns(text: str, written: date) -> date | None:
    """The day of return that a text names; None where it names none.

    A day named as that of return wins over the last day away; without either word the last of the
    days that lie ahead counts, since people write "from … to …" in many ways. What lies in the
    past, or more than a year and a half ahead, is a date of something else.
    """
    text = " ".join(text[:_LONGEST].split())
    found = sorted(_days(text, written), key=lambda one: one.start)
    ahead = [one for one in found if written <= one.day <= written + _FARTHEST]
    for named in (_after_back, _before_back):
        if back := next((one.day for one in ahead if named(text, one, found)), None):
            return back
    last_away = [one.day for one in ahead if _after_until(text, one, found)]
    exact = [one.day for one in ahead if not _RELATIVE.fullmatch(text[one.start : one.end])]
    return max(last_away or exact, default=None)


def _after_back(text: str, one: _Found, found: list[_Found]) -> bool:
    """Whether "back on" stands before the day."""
    return bool(_BACK.search(_lead(text, one, found, 60)))


def _before_back(text: str, one: _Found, found: list[_Found]) -> bool:
    """Whether "I am back" follows the day, as in "On 7 December I am back"."""
    following = min((other.start for other in found if other.start >= one.end), default=len(text))
    rest = text[one.end : min(following, one.end + 40)]
    return bool(_BACK.search(_SENTENCE_END.split(rest)[0]))


def _after_until(text: str, one: _Found, found: list[_Found]) -> bool:
    """Whether "until" stands before the day, or after it as in Finnish and Japanese."""
    after = re.match(r"\s?(?:まで|asti|saakka|tarihine kadar|-ig)", text[one.end : one.end + 16])
    return bool(after or _UNTIL.search(_lead(text, one, found, 25)))


def _lead(text: str, one: _Found, found: list[_Found], reach: int) -> str:
    """What stands before the day, in its sentence, back to the day before it."""
    before = max((other.end for other in found if other.end <= one.start), default=0)
    return _SENTENCE_END.split(text[max(before, one.start - reach) : one.start])[-1]


def _days(text: str, written: date) -> Iterator[_Found]:
    """Each day that the text names, in any form; a form that overlaps an earlier one is not taken."""
    taken: list[tuple[int, int]] = []
    for form in (*_FORMS, _MONTH_ALONE):
        for match in form.finditer(text):
            start, end = match.span()
            day = _calendar_day(match, written, text)
            if day is not None and not any(start < b and a < end for a, b in taken):
                taken.append((start, end))
                yield _Found(day, start, end)
    for match in _RELATIVE.finditer(text):
        start, end = match.span()
        # "Monday 7 December": the date says more than its weekday.
        if not any(start < b + 3 and a < end + 7 for a, b in taken):
            yield _Found(_relative_day(match, written), start, end)


def _calendar_day(match: re.Match[str], written: date, text: str) -> date | None:
    parts = match.groupdict()
    day, year = int(parts.get("day") or 1), parts.get("year")
    month = _MONTH[parts["name"].lower()] if parts.get("name") else int(parts["month"])
    usual, american = _valid(year, month, day, written), None
    if parts.get("sep"):
        american = _valid(year, day, month, written)
    if american is None or (
        usual is not None and not _month_first(text) and _sooner(usual, american, written)
    ):
        return usual
    return american


def _sooner(usual: date, american: date, written: date) -> bool:
    """Whether 5/12 is 5 December rather than 12 May: people are away soon, and not for long."""
    ahead = [day for day in (usual, american) if day >= written]
    return not ahead or min(ahead) == usual


def _valid(year: str | None, month: int, day: int, written: date) -> date | None:
    try:
        if year:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        return _next_such_day(month, day, written)
    except ValueError:
        return None


def _month_first(text: str) -> bool:
    """Whether 12/05 is the American 5 December: another date in the text can be read in no other way."""
    return bool(re.search(r"(?<![\d/])(?:0?[1-9]|1[0-2])/(?:1[3-9]|2\d|3[01])(?![\d])", text))


def _next_such_day(month: int, day: int, written: date) -> date:
    """The year is the one in which the day is nearest to the writing, a little ahead rather than behind."""
    this_year = date(written.year, month, day)
    if this_year < written - timedelta(days=180):
        return date(written.year + 1, month, day)
    return this_year


def _relative_day(match: re.Match[str], written: date) -> date:
    """Tomorrow, the next such weekday, or the next one that falls on that day of a month."""
    if not match.group("weekday"):
        return written + timedelta(days=1)
    ahead = (_WEEKDAY[match.group("weekday").lower()] - written.weekday()) % 7 or 7
    days = [written + timedelta(days=ahead + 7 * week) for week in range(53)]
    number = match.group("day")
    return next((day for day in days if number and day.day == int(number)), days[0])
