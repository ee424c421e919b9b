"""Who of us has just written, and when that asks for a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session
from tests.office import START, Office, office
from tests.reps import rep

from prospector.engagements import Entry
from prospector.models import Message, Prospect
from prospector.queue import touches
from prospector.queue.touches import Question, Rest, Touch, must_ask, told
from prospector.sdk import Seen
from prospector.store import Store

REST = Rest(timedelta(days=2), timedelta(days=1))
UTC = ZoneInfo("UTC")


def touch(hours: float, person: bool = True, pending: bool = False, user: int | None = 2) -> Touch:
    return Touch(START - timedelta(hours=hours), "email", user, "Jonas", "Anna Weber", person, pending)


@pytest.mark.parametrize(
    ("found", "last", "asks"),
    [
        ([], None, False),
        ([touch(47)], None, True),
        ([touch(48)], None, False),
        ([touch(23, person=False)], None, True),
        ([touch(24, person=False)], None, False),
        ([touch(90, pending=True)], None, True),
        ([touch(5)], START - timedelta(hours=4), False),
        ([touch(5)], START - timedelta(hours=6), True),
        ([touch(5), touch(3, pending=True)], START - timedelta(hours=4), True),
        ([touch(5, person=False)], START - timedelta(days=9), False),
    ],
)
def test_a_reason_is_asked_for_while_they_should_rest(
    found: list[Touch], last: datetime | None, asks: bool
) -> None:
    assert (must_ask(found, last, REST, START) is not None) is asks


@given(
    st.lists(st.builds(touch, st.floats(0, 100), st.booleans(), st.booleans()), max_size=6),
    st.none() | st.floats(0, 100).map(lambda hours: START - timedelta(hours=hours)),
)
def test_what_is_asked_names_the_newest_first_and_answers_to_nobody_who_wrote_last(
    found: list[Touch], last: datetime | None
) -> None:
    question = must_ask(found, last, REST, START)
    if question is None:
        return
    moments = [one.at for one in question.touches]
    assert moments == sorted(moments, reverse=True)
    ours = [one.at for one in question.touches if one.person]
    assert last is None or (ours and last <= max(ours))


def test_the_sentence_says_who_to_whom_and_when() -> None:
    assert told(touch(20), 1, START, UTC) == "Jonas wrote to Anna Weber yesterday (email)."
    assert told(touch(1), 2, START, UTC) == "You wrote to Anna Weber today (email)."
    there = touch(50, person=False)
    assert told(there, 1, START, UTC) == "Jonas wrote to Anna Weber, of the same company, on 22 Nov (email)."
    waiting = Question((touch(1, pending=True),)).sentence(1, START, UTC)
    assert waiting.startswith("Jonas has a message to Anna Weber in the outbox (email). Say in a few words")


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def wrote(place: Office, person: int, user_id: int | None, kind: str = "email") -> None:
    seen = Seen(kind, "us", f"{kind}:{person}:{place.now.timestamp()}", place.now, by="us", text="Hi")
    place.follow(Entry("email", seen, place.now, person, user_id=user_id))


def asked(place: Office, message_id: int) -> Question | None:
    with place.store.reading() as session:
        return touches.question_of(session, session.get_one(Message, message_id), REST, place.now)


def test_every_channel_every_rep_and_the_company_count(place: Office) -> None:
    jonas = rep(place, "Jonas")
    anna, ben, cleo = (
        place.person(name, company="Kestrel", domain="kestrel.example") for name in ("anna", "ben", "cleo")
    )
    other = place.person("dan")
    drafts = {person: place.draft(person, "hand:9") for person in (anna, ben, other)}
    assert [asked(place, one) for one in drafts.values()] == [None, None, None]
    wrote(place, ben, jonas.id, "like")
    assert asked(place, drafts[ben]) is None, "a like is no word"
    wrote(place, ben, jonas.id, "dm")
    place.later(hours=3)
    found = asked(place, drafts[anna])
    assert found is not None
    assert [(one.who, one.to, one.person) for one in found.touches] == [("Jonas", "Ben Weber", False)]
    assert asked(place, drafts[ben]) is not None
    assert asked(place, drafts[other]) is None
    place.follow(place.seen("reply", ben, text="Thanks"))
    assert asked(place, drafts[ben]) is None, "they wrote last"
    place.later(hours=22)
    assert asked(place, drafts[anna]) is None, "the company has rested"
    place.approved(cleo, "hand:7")
    found = asked(place, drafts[anna])
    assert found is not None
    assert [(one.to, one.pending) for one in found.touches] == [("Cleo Weber", True)]


def test_what_was_answered_or_is_long_past_does_not_excuse_from_the_company(place: Office) -> None:
    """Their word of a year ago, and one that we have answered, are nothing to answer now."""
    jonas = rep(place, "Jonas")
    anna, ben, cleo = (
        place.person(name, company="Kestrel", domain="kestrel.example") for name in ("anna", "ben", "cleo")
    )
    place.follow(place.seen("reply", anna, text="Not now"))
    place.later(days=300)
    place.follow(place.seen("reply", ben, text="How much?", object="at://reply/ben"))
    place.later(hours=1)
    wrote(place, ben, jonas.id)
    place.later(days=5)
    drafts = {person: place.draft(person, "hand:9") for person in (anna, ben)}
    assert [asked(place, one) for one in drafts.values()] == [None, None]
    wrote(place, cleo, jonas.id)
    place.later(hours=1)
    assert asked(place, drafts[anna]) is not None, "300 days ago"
    assert asked(place, drafts[ben]) is not None, "answered five days ago"


def test_an_answer_to_a_post_after_our_last_word_needs_no_reason(place: Office) -> None:
    anna = place.person()
    wrote(place, anna, None)
    place.later(hours=1)
    place.follow(place.seen("post", anna, text="What do you think?"))
    answer = place.rows(Message, prospect_id=anna)[-1]
    assert asked(place, answer.id) is None
    assert asked(place, place.draft(anna, "hand:3")) is not None


def test_the_company_of_nobody_is_not_asked_about(place: Office) -> None:
    anna = place.person()

    def work(session: Session) -> list[Touch]:
        prospect = session.get_one(Prospect, anna)
        prospect.company_id = None
        return touches.touches_of(session, prospect, REST, place.now)

    assert place.write(work) == []
