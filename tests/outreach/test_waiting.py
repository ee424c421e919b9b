from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office import START, Office, office, sqlite_store

from prospector.models import Account, Message, Prospect
from prospector.outreach import suppression, waiting
from prospector.outreach.waiting import Circumstances, Pause, Waits, why

LATER = START + timedelta(hours=1)
times = st.none() | st.integers(-5, 5).map(lambda hours: START + timedelta(hours=hours))
pauses = st.builds(Pause, st.just("the account mail"), st.just("refused"), times)
circumstances = st.builds(
    Circumstances,
    send_at=times,
    by_hand=st.booleans(),
    suppressed=st.none() | st.just("they asked us not to write"),
    stale=st.sampled_from([(), ("they have written since",)]),
    archived=st.booleans(),
    account=st.booleans(),
    pauses=st.lists(pauses, max_size=2),
    opens=times,
    cap=st.none() | st.integers(0, 3),
    cap_ends=times,
    gap_ends=times,
)


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def test_nothing_in_the_way_is_no_reason() -> None:
    assert why(Circumstances(START, opens=START), START) is None


@pytest.mark.parametrize(
    ("given_", "code", "until"),
    [
        (
            Circumstances(START, suppressed="no", stale=["they have written since"], by_hand=True),
            "suppressed",
            None,
        ),
        (Circumstances(None, by_hand=True), "by-hand", None),
        (Circumstances(LATER, stale=["they have written since"], opens=START), "stale", None),
        (Circumstances(START, archived=True), "archived", None),
        (Circumstances(START, account=False), "no-account", None),
        (Circumstances(LATER, pauses=[Pause("Anna", "away", LATER)]), "paused", LATER),
        (Circumstances(LATER, opens=START), "hold", LATER),
        (Circumstances(START, opens=LATER, cap=0), "window", LATER),
        (Circumstances(START, opens=None), "window", None),
        (Circumstances(START, opens=START, cap=2, cap_ends=LATER, gap_ends=LATER), "cap", LATER),
        (Circumstances(START, opens=START, cap=0), "cap", None),
        (Circumstances(START, opens=START, gap_ends=LATER), "gap", LATER),
    ],
)
def test_the_weightiest_reason_is_the_one_shown(
    given_: Circumstances, code: str, until: datetime | None
) -> None:
    found = why(given_, START)
    assert found is not None
    assert (found.code, found.until) == (code, until)


def test_of_several_pauses_the_longest_is_shown() -> None:
    short, long = Pause("Anna", "away", LATER), Pause("the account mail", "refused", None)
    found = why(Circumstances(START, pauses=[short, long]), START)
    assert found == Waits("paused", "the account mail is paused: refused", None)


@given(circumstances)
def test_a_reason_that_ends_lies_ahead_and_is_over_then(given_: Circumstances) -> None:
    found = why(given_, START)
    if found is None or found.until is None:
        return
    assert found.until > START
    after = why(given_, found.until)
    assert after is None or after.code != found.code


def test_the_store_tells_the_same(place: Office) -> None:
    person = place.person()
    message_id = place.approved(person)

    def code() -> str | None:
        with place.store.reading() as session:
            found = waiting.of(
                session,
                place.installation.settings,
                place.runtime.consequences.desk,
                session.get_one(Message, message_id),
                place.now,
            )
            return found.code if found else None

    assert code() is None
    place.now = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)  # a Saturday
    assert code() == "window"
    place.change(Message, message_id, send_at=place.now + timedelta(minutes=1))
    assert code() == "hold"
    place.change(Account, place.installation.account_ids["mail"], paused_why="535 wrong password")
    assert code() == "paused"
    place.change(Prospect, person, archived_at=place.now)
    assert code() == "archived"
    place.change(Prospect, person, name="Somebody Else")
    assert code() == "stale"
    place.write(lambda s: suppression.suppress(s, ["domain:anna.example"], "no", "hand", place.now))
    assert code() == "suppressed"
