"""The outbox as rows: one reason and one time for each, by pages, of the people in scope."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.campaigning import Campaigning
from tests.office import START, Office, office

from prospector.models import Message, Prospect
from prospector.outreach import interventions, listing, suppression
from prospector.outreach.listing import PAGE, Reader, wait_of
from prospector.outreach.outbox import NotPossibleError
from prospector.outreach.pauses import UNDECIDED
from prospector.outreach.place import place_of
from prospector.outreach.waiting import Waits
from prospector.prospects.scope import Scope
from prospector.store import Store

CODES = ("suppressed", "by-hand", "stale", "archived", "no-account", "paused", "hold", "window", "cap", "gap")
moments = st.integers(-72, 72).map(lambda hours: START + timedelta(hours=hours))
waits = st.none() | st.builds(Waits, st.sampled_from(CODES), st.just("why"), st.none() | moments)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def reader(place: Office, scope: Scope | None = None) -> Reader:
    desk = place.runtime.consequences.desk
    return Reader(place.installation.settings, desk, place.now, scope or Scope())


def rows(place: Office, shelf: str, **how: Scope) -> list[listing.Row]:
    with place.store.reading() as session:
        found: list[listing.Row] = getattr(listing, shelf)(session, reader(place, **how))
        return found


@given(waits, st.none() | moments, moments, st.sampled_from(["approved", "sending", "unknown", "refused"]))
def test_every_unsent_message_has_one_reason_and_a_time(found, send_at, approved_at, state) -> None:
    message = Message(
        prospect_id=1, action="email", occasion="x", state=state, approved_at=approved_at, created_at=START
    )
    message.send_at = send_at
    shown = wait_of(message, found, START)
    assert shown.why
    assert shown.at is not None
    if found is not None and state == "approved":
        assert (shown.code, shown.why) == (found.code, found.why)
        assert shown.bound == ("since" if found.until is None else "until")


def test_until_somebody_acts_is_no_time() -> None:
    message = Message(prospect_id=1, action="email", occasion="x", state="approved", created_at=START)
    message.approved_at = START
    shown = wait_of(message, Waits("paused", "Anna is paused: in doubt", UNDECIDED), START)
    assert (shown.bound, shown.at) == ("since", START)


def test_pages_go_on_where_the_last_ended_and_miss_nothing(place: Office) -> None:
    ids = [place.approved(place.person(f"p{number}")) for number in range(PAGE + 3)]
    first = rows(place, "waits")
    assert [row.id for row in first] == ids[: PAGE + 1]
    with place.store.reading() as session:
        rest = listing.waits(session, reader(place), place_of(first[PAGE - 1].place))
    assert [row.id for row in rest] == ids[PAGE:]


def test_follow_ups_stand_behind_all_that_has_a_time_each_with_its_reason(place: Office) -> None:
    """interface.md, criterion 21."""
    names = [f"{one}{other}na" for one in "BDKLM" for other in "aeo"]
    people = [place.person(name) for name in names]
    campaign = Campaigning(place).started(*people)
    ids = [one.id for one in campaign.mails() if one.step == 1]
    ids += sorted(one.id for one in campaign.mails() if one.step != 1)
    seen: list[listing.Row] = []
    while True:
        with place.store.reading() as session:
            page = listing.waits(session, reader(place), place_of(seen[-1].place) if seen else None)
        seen += page[:PAGE]
        if len(page) <= PAGE:
            break
    assert [row.id for row in seen] == ids
    for row in seen[len(people) :]:
        assert row.wait.why.endswith("which has not left yet")
        assert (row.wait.bound, row.wait.at, row.held) == ("since", START, False)
    with pytest.raises(NotPossibleError, match="has not left yet"):
        place.write(
            lambda session: interventions.hurry(session, session.get_one(Message, ids[-1]), place.now)
        )


@pytest.mark.parametrize("text", ["", "_", "x_1", "2026-11-24T09:00:00_1", "2026-11-24T09:00:00+00:00_0"])
def test_a_place_that_nobody_wrote_is_none(text: str) -> None:
    assert place_of(text) is None


def test_each_stands_on_its_shelf(place: Office) -> None:
    states = ("approved", "sending", "unknown", "refused", "sent")
    ids = {state: place.approved(place.person(state)) for state in states}
    for state, id_ in ids.items():
        place.change(Message, id_, state=state, claimed_at=place.now, sent_at=place.now)
    hand = place.approved(place.person("hand"))
    place.change(Message, hand, by_hand=True, send_at=None)
    assert [row.id for row in rows(place, "waits")] == [ids["approved"]]
    assert [row.id for row in rows(place, "under_way")] == [ids["sending"]]
    assert [row.id for row in rows(place, "trouble")] == [ids["unknown"], ids["refused"]]
    assert [row.id for row in rows(place, "by_hand")] == [hand]
    assert [row.id for row in rows(place, "sent")] == [ids["sent"]]
    with place.store.reading() as session:
        assert listing.count(session, Scope()) == 2


def test_only_the_people_in_scope_are_shown(place: Office) -> None:
    from tests.colleagues import user

    owner = user(place.store, "rep").id
    mine, theirs = place.person("mine"), place.person("theirs")
    place.change(Prospect, mine, owner_id=owner)
    kept, hidden = place.approved(mine), place.approved(theirs)
    scope = Scope(frozenset({owner}))
    assert [row.id for row in rows(place, "waits", scope=scope)] == [kept]
    with place.store.reading() as session:
        assert listing.one(session, reader(place, scope), hidden) is None
        assert listing.one(session, reader(place, scope), kept) is not None
        assert listing.count(session, scope) == 1


def test_a_row_tells_to_whom_as_whom_and_why(place: Office) -> None:
    place.approved(place.person("anna"))
    (row,) = rows(place, "waits")
    assert (row.name, row.to, row.channel, row.sender) == ("Anna Weber", "anna@anna.example", "email", "mail")
    assert row.first_line == "Following up"
    assert (row.wait.code, row.wait.why) == ("next", "leaves next")
    place.write(
        lambda session: suppression.suppress(session, ["email:anna@anna.example"], "no", "hand", place.now)
    )
    (row,) = rows(place, "waits")
    assert (row.wait.code, row.wait.bound, row.wait.at) == ("suppressed", "since", START)


def test_the_command_line_has_the_same_names_as_ever(place: Office) -> None:
    place.approved(place.person("anna"))
    (row,) = rows(place, "waits")
    made = listing.as_json(row)
    assert list(made) == ["id", "to", "action", "state", "why", "send_at", "sent_at"]
    assert (made["state"], made["why"], made["send_at"]) == ("approved", "leaves next", START)
