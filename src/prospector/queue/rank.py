"""What a card is worth today: its priority as a sum of reasons, its section, when it expires.

Pure: causes, the person's standing and `now` in, values out. The points are those that
docs/queue.md lists; the sum of the shown reasons is the priority, and nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from prospector.queue.workday import later

FRESH = 20
FRESH_FOR = timedelta(minutes=30)
QUESTION = 10
WARM = 20
DEAL = 10
DEAL_STEP = 10_000
URGENT = 10


class Section(IntEnum):
    """The parts of the day's list, from the top."""

    CHECK = 0
    ANSWER = 1
    FRESH = 2
    FOLLOW_UP = 3

    @property
    def title(self) -> str:
        return ("Check", "Answer first", "Fresh today", "Follow-ups due")[self]


@dataclass(frozen=True, slots=True)
class Sort:
    """What all causes of one kind have in common. A cause lives for `lasts`, or for so many
    `working_days` of the rep, or, with neither, until somebody decides."""

    points: int
    label: str
    section: Section
    lasts: timedelta | None = None
    working_days: int = 0
    asks: bool = False


_ANSWER, _POST, _GLANCE, _PLANNED = timedelta(days=14), timedelta(hours=72), timedelta(days=5), 10

SORTS: Mapping[str, Sort] = {
    "opt_out": Sort(46, "May have asked us not to write", Section.CHECK),
    "failed": Sort(44, "A message failed", Section.CHECK),
    "uncertain": Sort(44, "Nobody knows whether a message was sent", Section.CHECK),
    "stale": Sort(44, "A message is out of date", Section.CHECK),
    "email_reply": Sort(40, "Answered by mail", Section.ANSWER, _ANSWER, asks=True),
    "dm": Sort(40, "Sent a direct message", Section.ANSWER, _ANSWER, asks=True),
    "reply": Sort(40, "Replied", Section.ANSWER, _ANSWER, asks=True),
    "meeting_booked": Sort(36, "Booked a meeting", Section.ANSWER, _ANSWER),
    "meeting_cancelled": Sort(36, "Cancelled a meeting", Section.ANSWER, _ANSWER),
    "document_signed": Sort(36, "Signed a document", Section.ANSWER, _ANSWER),
    "document_declined": Sort(36, "Declined a document", Section.ANSWER, _ANSWER),
    "mention": Sort(34, "Mentioned you", Section.FRESH, _ANSWER, asks=True),
    "quote": Sort(34, "Quoted you", Section.FRESH, _ANSWER, asks=True),
    "comment": Sort(30, "Commented", Section.ANSWER, _ANSWER, asks=True),
    "document_viewed": Sort(26, "Viewed a document", Section.FRESH, _GLANCE),
    "suggested_move": Sort(24, "A move is suggested", Section.FOLLOW_UP, working_days=_PLANNED),
    "rule": Sort(20, "A rule asks for a look", Section.FRESH, working_days=_PLANNED),
    "follow": Sort(18, "Followed you", Section.FRESH, _GLANCE),
    "follow_up": Sort(16, "A follow-up is due", Section.FOLLOW_UP, working_days=_PLANNED),
    "post": Sort(14, "Posted", Section.FRESH, _POST),
    "playbook": Sort(12, "A step of the playbook", Section.FOLLOW_UP, working_days=_PLANNED),
    "like": Sort(10, "Liked your post", Section.FRESH, _GLANCE),
    "repost": Sort(10, "Reposted you", Section.FRESH, _GLANCE),
}
"""Every kind of cause. Quotes count as mentions, reposts as likes, and what is taken back (a
meeting, a document) as much as what was agreed."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason to look at a person. `kind` is a key of `SORTS`, `at` when it arose (aware)."""

    kind: str
    at: datetime
    engagement_id: int | None = None
    detail: str = ""
    question: bool = False

    @property
    def sort(self) -> Sort:
        """Raises `KeyError` for a kind that makes no card; ask `is_cause` first."""
        return SORTS[self.kind]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the person stands today.

    `fit` is 0 to 100, `score` whole points (not the millionths that rules count in), `value`
    the deal in the main currency's minor units, of which `minor_units` make one whole. `urgency`
    is the stage's own (0 to 10), `answered_at` our last act towards them, `zone` the rep's.
    """

    fit: int | None = None
    score: int = 0
    value_main_minor: int | None = None
    urgency: int = 0
    answered_at: datetime | None = None
    zone: str = "UTC"
    minor_units: int = 100


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a card stands where it stands: so many points (never 0) for this."""

    code: str
    label: str
    points: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A card's place. Without a living cause it has no section and is to expire; `expires_at` is
    None where it waits for a person, however long."""

    priority: int
    reasons: tuple[Reason, ...]
    section: Section | None
    expires_at: datetime | None
    live_causes: tuple[Cause, ...]

    @property
    def expired(self) -> bool:
        return not self.live_causes


def is_cause(kind: str) -> bool:
    """Whether something of this kind puts a card on the list."""
    return kind in SORTS


def rank(causes: Iterable[Cause], standing: Standing, now: datetime) -> Ranked:
    """The card that these causes make, the most urgent cause first."""
    given = tuple(causes)
    zone = ZoneInfo(standing.zone)
    ends = {cause: expires(cause, zone) for cause in given}
    alive = [cause for cause in given if (end := ends[cause]) is None or end > now]
    live = tuple(sorted(alive, key=lambda cause: (-cause.sort.points, cause.at, cause.engagement_id or 0)))
    if not live:
        return Ranked(0, (), None, max((end for end in ends.values() if end), default=None), ())
    found = reasons(live, standing, now)
    known = [end for cause in live if (end := ends[cause])]
    return Ranked(
        priority=sum(reason.points for reason in found),
        reasons=found,
        section=min(cause.sort.section for cause in live),
        expires_at=max(known) if len(known) == len(live) else None,
        live_causes=live,
    )


def expires(cause: Cause, zone: ZoneInfo) -> datetime | None:
    """When this cause stops being one; None: when somebody has decided."""
    sort = cause.sort
    if sort.lasts is not None:
        return cause.at + sort.lasts
    return later(cause.at, sort.working_days, zone) if sort.working_days else None


def reasons(live: tuple[Cause, ...], standing: Standing, now: datetime) -> tuple[Reason, ...]:
    """Every reason with at least one point; `live` begins with the strongest cause."""
    strongest = live[0]
    # "score" on a person's page is fit + engagement: this is the second of them alone.
    fit, warm = _within(standing.fit or 0, 100) // 5, _within(standing.score, WARM)
    whole = max(standing.value_main_minor or 0, 0) // max(standing.minor_units, 1)
    found = (
        Reason("cause", strongest.sort.label, strongest.sort.points),
        Reason("question", "They asked a question", QUESTION * asked(live, standing.answered_at)),
        Reason("fresh", "Fresh", freshness(max(cause.at for cause in live), now)),
        Reason("fit", f"Fits ({standing.fit} of 100)", fit),
        Reason("warm", f"Warm (engagement {standing.score})", warm),
        Reason("deal", "Size of the deal", _within(2 * (whole // DEAL_STEP), DEAL)),
        Reason("stage", "Stage", _within(standing.urgency, URGENT)),
    )
    return tuple(reason for reason in found if reason.points)


def freshness(at: datetime, now: datetime) -> int:
    """20 in the first half hour, then one point less for each full hour."""
    hours = (now - at - FRESH_FOR) // timedelta(hours=1)
    return _within(FRESH - max(hours, 0), FRESH)


def asked(causes: Iterable[Cause], answered_at: datetime | None) -> bool:
    """Whether a question to us stands unanswered. One in a post of theirs is asked of everybody."""
    return any(
        cause.question and cause.sort.asks and (answered_at is None or cause.at > answered_at)
        for cause in causes
    )


_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"]+", re.IGNORECASE)
_QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
# ASCII and full-width, Arabic, Armenian, Ethiopic, Greek, Coptic, Vai, Bamum, double and mixed
# marks, and the Spanish opening one. ASCII's counts only at the end of a word: `a.example/x?y=1`.
_MARKS = "？؟՞፧\u037e⳺⳻꘏꛷⁇⁈⁉‽¿﹖⸮"
_MARK = re.compile(f"[{_MARKS}]|\\?(?![\\w=&/%])")
_ANY = re.compile(f"[{_MARKS}?]")


def is_question(text: str) -> bool:
    """Whether a text asks something: a question mark of any script, outside of addresses and of
    lines quoted from an earlier mail."""
    # Most texts have no mark at all, and looking for addresses costs a hundred times as much.
    return _ANY.search(text) is not None and _asks(text)


def _asks(text: str) -> bool:
    return _MARK.search(_URL.sub(" ", _QUOTED.sub("", text))) is not None


def _within(points: int, most: int) -> int:
    return max(0, min(int(points), most))
